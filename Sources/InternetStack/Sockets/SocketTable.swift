// SPDX-License-Identifier: BSD-2-Clause
//
//     slots       [ :7 ][ free ][ catch-all ][ raw ][ :53 ] ...      grows by doubling, never shrinks
//                          |
//     firstFree -----------'---> next free ---> ... ---> none
//     ports       what finds :7 and :53                               PortTable.swift
//     peers       what finds the connected ones by both ends           PeerTable.swift
//     raw         the slots of raw sockets, in the order they were opened
//
// A slot's generation counts the times it was opened and closed, so it is odd while it is open. A
// handle has the generation of its opening: one comparison tells the socket from one that is closed
// and from one that has the slot since.
//
//     openCount + free slots == slots.count
//     openCount == ports.count + raw.count + (catchAll == none ? 0 : 1)
//     peers.count == sockets with a peer
//     a slot is free  <=>  its generation is even  <=>  it is in the list  =>  its buffer is empty
//     a socket with a port is found under its address and port, and one with a peer under both ends
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

/// The sockets of a stack.
///
/// BSD: `struct inpcbinfo`.
struct SocketTable: ~Copyable, Sendable {
  static var none: UInt32 { .max }

  private(set) var ports = PortTable()
  private(set) var peers = PeerTable()
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

  /// The slot that gets a datagram: that of the socket connected to its sender, else of the one bound to
  /// exactly its address and port, else of one bound to any address, else of the catch-all.
  ///
  /// - Complexity: O(1).
  ///
  /// BSD: `in_pcblookup`.
  @inline(__always)
  func slot(for destination: Endpoint, from source: Endpoint) -> Int? {
    if peers.count > 0 { return slotAmongConnected(for: destination, from: source) }
    if ports.count > 0,
      let slot = ports.slot(for: destination.address, port: destination.port)
    {
      return slot
    }
    return catchAll == Self.none ? nil : Int(catchAll)
  }

  @inline(never)
  private func slotAmongConnected(for destination: Endpoint, from source: Endpoint) -> Int? {
    let key = PeerKey(
      local: destination.address, port: destination.port, remote: source.address,
      port: source.port)
    if let slot = peers.slot(of: key) { return slot }
    // A connected socket keeps its port from others, and gets nothing from them: they look further.
    let keys = PortTable.keys(for: destination.address, port: destination.port)
    for index in keys.indices {
      if let slot = ports.slot(of: keys[index]), slots[slot].peer == nil { return slot }
    }
    return catchAll == Self.none ? nil : Int(catchAll)
  }

  /// How many raw sockets are open.
  var rawCount: Int { raw.count }

  /// The slots of the raw sockets, in the order they were opened; `index` is below `rawCount`.
  func rawSlot(at index: Int) -> Int { Int(raw[index]) }

  /// Whether a key leaves no room for another; that of no port is the catch-all's.
  func isTaken(_ key: PortTable.Key) -> Bool {
    key.isEmpty ? catchAll != Self.none : ports.isTaken(key)
  }

  // MARK: Opening and closing

  /// Opens a socket.
  ///
  /// - Precondition: nobody else has its address and port, and there is no other catch-all.
  /// - Complexity: O(1), amortized.
  mutating func open(
    _ role: Socket.Role, _ key: PortTable.Key = .empty, limit: Int
  ) -> SocketID {
    let slot = takeFreeSlot()
    let index = Int(slot)
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
    disconnect(index)
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

  // MARK: Connecting

  /// Connects a socket to a peer, under the key of both ends.
  ///
  /// - Precondition: the key is free.
  mutating func connect(_ socket: SocketID, to peer: Endpoint, _ key: PeerKey) {
    let index = slot(of: socket)
    disconnect(index)
    peers.insert(key, slot: socket.slot)
    slots[index].peer = peer
    slots[index].peerKey = key
  }

  /// Takes a socket's peer away, if it has one.
  mutating func disconnect(_ socket: SocketID) { disconnect(slot(of: socket)) }

  private mutating func disconnect(_ index: Int) {
    guard slots[index].peer != nil else { return }
    peers.remove(slots[index].peerKey)
    slots[index].peer = nil
    slots[index].peerKey = .empty
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
    peers.checkInvariants()
    var open = 0
    var connected = 0
    for index in slots.indices where slots[index].isOpen {
      open += 1
      slots[index].checkInvariants()
      if slots[index].peer != nil {
        connected += 1
        precondition(peers.slot(of: slots[index].peerKey) == index, "peer of \(index) is not found")
      }
      switch slots[index].role {
      case .port:
        precondition(ports.slot(of: slots[index].key) == index, "socket \(index) is not found")
      case .catchAll: precondition(Int(catchAll) == index, "two catch-alls: \(catchAll), \(index)")
      case .raw:
        let isListed = raw.indices.contains { raw[$0] == index }
        precondition(isListed, "raw socket \(index) is not in the list")
      }
    }
    precondition(connected == peers.count, "\(connected) connected, \(peers.count) counted")
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
