// SPDX-License-Identifier: BSD-2-Clause
//
//     slots       [ :7 ][ free ][ catch-all ][ raw ][ :53 ] ...      grows by doubling, never shrinks
//                          |
//     firstFree -----------'---> next free ---> ... ---> none
//     ports       what finds :7 and :53                               PortTable.swift
//     raw         the slots of raw sockets, in the order they were opened
//
// A slot's generation counts the times it was opened and closed, so it is odd while it is open. A
// handle has the generation of its opening: one comparison tells the socket from one that is closed
// and from one that has the slot since.
//
//     openCount + free slots == slots.count
//     openCount == ports.count + raw.count + (catchAll == none ? 0 : 1)
//     a slot is free  <=>  its generation is even  <=>  it is in the list  =>  its buffer is empty
//     a socket with a port is found under its address and port
//
// Only `open` allocates, and it only to grow; a packet finds its socket and goes into its buffer in
// place.

import BasicContainers
import Mbufs
import SocketBuffers
import Wire

/// A socket of one stack: UDP, raw, or the one that takes what no port's does.
///
/// It names one opening of one socket: once that is closed the handle names nothing, also when the
/// stack has another socket in its place. Handles of one stack mean nothing to another.
public struct SocketID: Hashable, Sendable, BitwiseCopyable {
  let slot: UInt32
  let generation: UInt32

  init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }

  /// Both as one number, as the send queue has it.
  init(bits: UInt64) {
    slot = UInt32(truncatingIfNeeded: bits)
    generation = UInt32(truncatingIfNeeded: bits >> 32)
  }

  var bits: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// An open socket, or a free slot for one.
///
/// BSD: `struct inpcb`.
struct Socket: ~Copyable, Sendable {
  /// Which datagrams a socket gets.
  enum Role: Equatable {
    /// Those for its address and port.
    case port
    /// Those for ports that no other socket has.
    case catchAll
    /// A copy of those of a protocol; nil for every one.
    case raw(IPProtocol?)
  }

  var generation: UInt32 = 0
  /// The next free slot, while this is one.
  var nextFree = SocketTable.none
  var role = Role.port
  /// Address and port; any and 0 for a socket that is not found by them.
  var key = PortTable.Key(.any, 0)
  var buffer = DatagramBuffer(limit: 0)
  /// Who receives instead of the buffer, if the socket is shared.
  private(set) var shared: DatagramSocket?

  // A shared socket does not outlive the stack's: whoever waits for it is told.
  deinit { shared?.detach() }

  var isOpen: Bool { generation & 1 == 1 }

  func wants(_ protocol: IPProtocol) -> Bool {
    switch role {
    case .raw(let wanted): wanted == nil || wanted == `protocol`
    case .port, .catchAll: false
    }
  }

  /// Gives it a datagram; nil if it took it.
  @inline(__always)
  mutating func deliver(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint
  ) -> DropReason? {
    guard shared == nil else { return deliverShared(packet, from: source, to: destination) }
    return switch buffer.append(packet, from: source, to: destination) {
    case .appended: nil
    case .full: .fullSocketBuffer
    case .noMemory: .noMemory
    }
  }

  @inline(never)
  private func deliverShared(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint
  ) -> DropReason? {
    switch shared?.deliver(packet, from: source, to: destination) {
    case .delivered: nil
    case .full: .fullSocketBuffer
    case .noMemory: .noMemory
    case .closed, nil: .noSocket
    }
  }

  /// Lets another receive from now on, beginning with what waits.
  mutating func share(_ socket: DatagramSocket) {
    while let datagram = buffer.receive() {
      socket.deliver(datagram.packet, from: datagram.source, to: datagram.destination)
    }
    shared = socket
  }

  /// Frees what waits and lets a shared socket go.
  mutating func clear() {
    buffer = DatagramBuffer(limit: 0)
    shared?.detach()
    shared = nil
  }

  /// Traps if there is something in the buffer that nobody would receive.
  borrowing func checkInvariants() {
    buffer.checkInvariants()
    precondition(shared == nil || buffer.isEmpty, "a shared socket has datagrams of its own")
    shared?.checkInvariants()
  }
}

/// The sockets of a stack.
///
/// BSD: `struct inpcbinfo`.
struct SocketTable: ~Copyable, Sendable {
  static var none: UInt32 { .max }

  private(set) var ports = PortTable()
  private var slots = UniqueArray<Socket>()
  private var raw = UniqueArray<UInt32>()
  private(set) var openCount = 0
  private var firstFree = none
  private var catchAll = none

  // MARK: Finding

  /// The socket in a slot.
  subscript(slot: Int) -> Socket {
    @inline(__always) _read { yield slots[slot] }
    @inline(__always) _modify { yield &slots[slot] }
  }

  /// An open socket.
  ///
  /// - Precondition: it is open.
  subscript(socket: SocketID) -> Socket {
    @inline(__always) _read { yield slots[slot(of: socket)] }
    @inline(__always) _modify { yield &slots[slot(of: socket)] }
  }

  @inline(__always)
  private func slot(of socket: SocketID) -> Int {
    let slot = Int(socket.slot)
    precondition(isOpen(socket), "socket \(slot) of generation \(socket.generation) is closed")
    return slot
  }

  @inline(__always)
  func isOpen(_ socket: SocketID) -> Bool {
    let slot = Int(socket.slot)
    // The generation of a handle is odd.
    return slot < slots.count && slots[slot].generation == socket.generation
  }

  /// The slot that gets datagrams for this address and port: that of the socket bound to exactly
  /// these, else of the one bound to any address, else of the catch-all.
  ///
  /// Connected sockets would be looked for before these: their key has the peer in it as well.
  ///
  /// - Complexity: O(1).
  ///
  /// BSD: `in_pcblookup`.
  @inline(__always)
  func slot(for address: IPv4Address, port: UInt16) -> Int? {
    if ports.count > 0 {
      if ports.exactCount > 0, let slot = ports.slot(of: PortTable.Key(address, port)) {
        return slot
      }
      if ports.exactCount < ports.count, let slot = ports.slot(of: PortTable.Key(.any, port)) {
        return slot
      }
    }
    return catchAll == Self.none ? nil : Int(catchAll)
  }

  /// How many raw sockets are open.
  var rawCount: Int { raw.count }

  /// The slots of the raw sockets, in the order they were opened; `index` is below `rawCount`.
  func rawSlot(at index: Int) -> Int { Int(raw[index]) }

  /// Whether a socket is bound to exactly this address and port; to any and 0 is the catch-all.
  func isBound(_ address: IPv4Address, port: UInt16) -> Bool {
    port == 0 ? catchAll != Self.none : ports.slot(of: PortTable.Key(address, port)) != nil
  }

  // MARK: Opening and closing

  /// Opens a socket.
  ///
  /// - Precondition: nobody else has its address and port, and there is no other catch-all.
  /// - Complexity: O(1), amortized.
  mutating func open(
    _ role: Socket.Role, address: IPv4Address = .any, port: UInt16 = 0, limit: Int
  ) -> SocketID {
    let slot = takeFreeSlot()
    let index = Int(slot)
    let key = PortTable.Key(address, port)
    switch role {
    case .port: ports.insert(key, slot: slot)
    case .catchAll:
      precondition(catchAll == Self.none, "slot \(catchAll) is the catch-all")
      catchAll = slot
    case .raw: raw.append(slot)
    }
    // Wraps after two billion sockets in one slot.
    slots[index].generation &+= 1
    slots[index].role = role
    slots[index].key = key
    slots[index].buffer = DatagramBuffer(limit: limit)
    openCount += 1
    return SocketID(slot: slot, generation: slots[index].generation)
  }

  private mutating func takeFreeSlot() -> UInt32 {
    guard firstFree != Self.none else {
      slots.append(Socket())
      // Cannot truncate: memory ends long before four billion sockets.
      return UInt32(slots.count - 1)
    }
    let slot = firstFree
    firstFree = slots[Int(slot)].nextFree
    return slot
  }

  /// Closes an open socket; what waits in it is freed.
  ///
  /// - Complexity: O(datagrams that wait), O(raw sockets) for one of them.
  mutating func close(_ socket: SocketID) {
    let index = slot(of: socket)
    switch slots[index].role {
    case .port: ports.remove(slots[index].key)
    case .catchAll: catchAll = Self.none
    case .raw: removeRaw(socket.slot)
    }
    slots[index].generation &+= 1
    slots[index].clear()
    slots[index].nextFree = firstFree
    firstFree = socket.slot
    openCount -= 1
  }

  private mutating func removeRaw(_ slot: UInt32) {
    for index in raw.indices where raw[index] == slot {
      raw.remove(at: index)
      return
    }
  }

  /// Traps if a socket contradicts itself or cannot be found.
  func checkInvariants() {
    ports.checkInvariants()
    var open = 0
    for index in slots.indices where slots[index].isOpen {
      open += 1
      slots[index].checkInvariants()
      switch slots[index].role {
      case .port:
        precondition(ports.slot(of: slots[index].key) == index, "socket \(index) is not found")
      case .catchAll: precondition(Int(catchAll) == index, "two catch-alls: \(catchAll), \(index)")
      case .raw:
        let isListed = raw.indices.contains { raw[$0] == index }
        precondition(isListed, "raw socket \(index) is not in the list")
      }
    }
    let others = raw.count + (catchAll == Self.none ? 0 : 1)
    precondition(
      open == openCount && openCount == ports.count + others,
      "\(open) open, \(openCount) counted, \(ports.count) ports, \(others) others")
    var free = firstFree
    while free != Self.none {
      let slot = Int(free)
      precondition(!slots[slot].isOpen && slots[slot].buffer.isEmpty, "free slot \(free) is in use")
      open += 1
      precondition(open <= slots.count, "the list of free slots has no end")
      free = slots[slot].nextFree
    }
    precondition(open == slots.count, "\(open) of \(slots.count) slots are open or free")
  }
}
