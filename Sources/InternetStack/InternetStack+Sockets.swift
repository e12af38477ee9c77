// SPDX-License-Identifier: BSD-2-Clause
public import SocketBuffers
public import Wire

extension InternetStack {
  /// Bytes that a socket holds for its reader unless told otherwise.
  ///
  /// Forty datagrams of 1,024 bytes, with 16 bytes of addresses each.
  ///
  /// BSD: `net.inet.udp.recvspace`.
  public static var defaultLimit: Int { 40 * (1_024 + 16) }

  // MARK: UDP

  /// Opens a socket for a port.
  ///
  /// One port may be bound once to each address and once to any; a datagram goes to the socket
  /// bound to its very address before the one bound to any.
  ///
  /// - Parameters:
  ///   - port: 1...65,535; 0 lets the stack choose one from 49,152 on.
  ///   - address: one of the stack's, or any.
  ///   - limit: bytes that may wait for the reader, addresses included.
  /// - Throws: `BindError`; nothing was opened.
  ///
  /// BSD: `in_pcbbind`, with SO_REUSEADDR as far as addresses differ.
  public mutating func bind(
    port: UInt16, address: IPv4Address = .any, limit: Int = defaultLimit
  ) throws(BindError) -> SocketID {
    guard address.isAny || policy.acceptsAnyDestination || addresses.contains(address) else {
      throw .notLocal(address)
    }
    guard let slot = (0..<Self.socketLimit).first(where: { !sockets[$0].isOpen }) else {
      throw .tooManySockets(limit: Self.socketLimit)
    }
    let port = port == 0 ? try freePort(address) : port
    guard ports.exactSocket(for: address, port: port) == nil else {
      throw .inUse(Endpoint(address, port))
    }
    ports.insert(address, port: port, socket: slot)
    sockets[slot].address = address
    sockets[slot].port = port
    sockets[slot].isOpen = true
    buffers[slot] = DatagramBuffer(limit: limit)
    return SocketID(slot: UInt16(slot), generation: sockets[slot].generation)
  }

  /// Opens the socket that gets the datagrams for ports that no other socket is bound to.
  ///
  /// Who plays a capture into a stack does not know its ports beforehand.
  ///
  /// - Parameter limit: bytes that may wait for the reader, addresses included.
  /// - Throws: `BindError.tooManySockets`; nothing was opened.
  /// - Precondition: the stack has no such socket yet.
  public mutating func bindCatchAll(limit: Int = defaultLimit) throws(BindError) -> SocketID {
    precondition(catchAllSlot == nil, "one socket takes the rest already")
    guard let slot = (0..<Self.socketLimit).first(where: { !sockets[$0].isOpen }) else {
      throw .tooManySockets(limit: Self.socketLimit)
    }
    catchAllSlot = slot
    sockets[slot].address = .any
    sockets[slot].port = 0
    sockets[slot].isOpen = true
    buffers[slot] = DatagramBuffer(limit: limit)
    return SocketID(slot: UInt16(slot), generation: sockets[slot].generation)
  }

  private mutating func freePort(_ address: IPv4Address) throws(BindError) -> UInt16 {
    let first = UInt16.random(in: 49_152...65_535, using: &randomness)
    var port = first
    while ports.exactSocket(for: address, port: port) != nil {
      port = port == 65_535 ? 49_152 : port + 1
      if port == first { throw .noFreePort }
    }
    return port
  }

  /// Takes the next datagram that a socket received, or nil.
  ///
  /// - Precondition: the socket is open.
  ///
  /// BSD: `recvfrom`.
  public mutating func receive(_ socket: SocketID) -> Datagram? {
    buffers[slot(of: socket)].receive()
  }

  /// Closes a socket; what waits in it is freed.
  ///
  /// - Precondition: the socket is open; afterwards its handle traps.
  public mutating func close(_ socket: SocketID) {
    let slot = slot(of: socket)
    if slot == catchAllSlot {
      catchAllSlot = nil
    } else {
      ports.remove(sockets[slot].address, port: sockets[slot].port)
    }
    sockets[slot].isOpen = false
    // Wraps after four billion sockets in one slot.
    sockets[slot].generation &+= 1
    buffers[slot].flush()
  }

  /// The figures of a socket.
  ///
  /// - Precondition: the socket is open.
  public func statistics(of socket: SocketID) -> SocketStatistics {
    let slot = slot(of: socket)
    return SocketStatistics(
      buffers[slot], local: Endpoint(sockets[slot].address, sockets[slot].port))
  }

  func slot(of socket: SocketID) -> Int {
    let slot = Int(socket.slot)
    precondition(
      sockets[slot].isOpen && sockets[slot].generation == socket.generation,
      "socket \(slot) of generation \(socket.generation) is closed")
    return slot
  }

  // MARK: Raw

  /// Opens a socket that gets a copy of every datagram of a protocol, from its IP header on.
  ///
  /// - Parameters:
  ///   - protocol: which; nil for all.
  ///   - limit: bytes that may wait for the reader, addresses included.
  /// - Throws: `BindError.tooManySockets`.
  ///
  /// BSD: `socket(AF_INET, SOCK_RAW, protocol)`, which gets no UDP.
  public mutating func openRaw(
    protocol: IPProtocol?, limit: Int = defaultLimit
  ) throws(BindError) -> RawSocketID {
    guard let slot = (0..<Self.rawSocketLimit).first(where: { !rawSockets[$0].isOpen }) else {
      throw .tooManySockets(limit: Self.rawSocketLimit)
    }
    rawSockets[slot].isOpen = true
    rawSockets[slot].protocol = `protocol`
    rawBuffers[slot] = DatagramBuffer(limit: limit)
    rawSlotsInUse = max(rawSlotsInUse, slot + 1)
    return RawSocketID(slot: UInt16(slot), generation: rawSockets[slot].generation)
  }

  /// Takes the next datagram that a raw socket received, or nil; its ports are 0.
  ///
  /// - Precondition: the socket is open.
  public mutating func receiveRaw(_ socket: RawSocketID) -> Datagram? {
    rawBuffers[slot(of: socket)].receive()
  }

  /// Closes a raw socket; what waits in it is freed.
  ///
  /// - Precondition: the socket is open; afterwards its handle traps.
  public mutating func closeRaw(_ socket: RawSocketID) {
    let slot = slot(of: socket)
    rawSockets[slot].isOpen = false
    // Wraps after four billion sockets in one slot.
    rawSockets[slot].generation &+= 1
    rawBuffers[slot].flush()
    while rawSlotsInUse > 0, !rawSockets[rawSlotsInUse - 1].isOpen { rawSlotsInUse -= 1 }
  }

  /// The figures of a raw socket.
  ///
  /// - Precondition: the socket is open.
  public func statistics(of socket: RawSocketID) -> SocketStatistics {
    SocketStatistics(rawBuffers[slot(of: socket)], local: Endpoint(.v4(.any), 0))
  }

  func slot(of socket: RawSocketID) -> Int {
    let slot = Int(socket.slot)
    precondition(
      rawSockets[slot].isOpen && rawSockets[slot].generation == socket.generation,
      "raw socket \(slot) of generation \(socket.generation) is closed")
    return slot
  }
}
