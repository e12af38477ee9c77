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

  // MARK: Opening

  /// Opens a socket for a port.
  ///
  /// One port may be bound to each address, to any of each family, and to any of both; a datagram goes to
  /// the socket bound to exactly its address first, and to the one bound to any of both last.
  ///
  /// - Parameters:
  ///   - port: 1...65,535; 0 lets the stack choose one from 49,152 on.
  ///   - address: one of the stack's; any of a family, as `.v6(.any)`; nil for any of both families.
  ///   - limit: bytes that may wait for the reader, addresses included.
  /// - Throws: `BindError`; nothing was opened.
  ///
  /// BSD: `in_pcbbind`, with SO_REUSEADDR as far as addresses differ.
  public mutating func bind(
    port: UInt16, address: IPAddress? = nil, limit: Int = defaultLimit
  ) throws(BindError) -> SocketID {
    if let address, !address.isAny, !policy.acceptsAnyDestination, !addresses.contains(address) {
      throw .notLocal(address)
    }
    try checkSocketLimit()
    let port = port == 0 ? try freePort(address) : port
    let key = PortTable.Key(address, port)
    guard !sockets.isTaken(key) else { throw .inUse(Endpoint(key.boundAddress, port)) }
    return sockets.open(.port, key, limit: limit)
  }

  /// Opens a socket for a port of an IPv4 address.
  ///
  /// - Throws: `BindError`; nothing was opened.
  public mutating func bind(
    port: UInt16, address: IPv4Address, limit: Int = defaultLimit
  ) throws(BindError) -> SocketID {
    try bind(port: port, address: .v4(address), limit: limit)
  }

  /// Opens the socket that gets the datagrams for ports that no other socket is bound to.
  ///
  /// For a capture that is played into a stack, since its ports are not known beforehand.
  ///
  /// - Parameter limit: bytes that may wait for the reader, addresses included.
  /// - Throws: `BindError.tooManySockets`, or `.inUse` of any address and port 0 if the stack has
  ///   such a socket; nothing was opened.
  public mutating func bindCatchAll(limit: Int = defaultLimit) throws(BindError) -> SocketID {
    try checkSocketLimit()
    guard !sockets.isTaken(.empty) else { throw .inUse(Endpoint(IPv4Address.any, 0)) }
    return sockets.open(.catchAll, limit: limit)
  }

  /// Opens a socket that gets a copy of every datagram of a protocol, from its IP header on.
  ///
  /// Its datagrams have port 0 at both ends.
  ///
  /// - Parameters:
  ///   - protocol: which; nil for all.
  ///   - limit: bytes that may wait for the reader, addresses included.
  /// - Throws: `BindError.tooManySockets`; nothing was opened.
  ///
  /// BSD: `socket(AF_INET, SOCK_RAW, protocol)`, which gets no UDP.
  public mutating func openRaw(
    protocol: IPProtocol?, limit: Int = defaultLimit
  ) throws(BindError) -> SocketID {
    try checkSocketLimit()
    return sockets.open(.raw(`protocol`), limit: limit)
  }

  private func checkSocketLimit() throws(BindError) {
    guard sockets.openCount < policy.socketLimit else {
      throw .tooManySockets(limit: policy.socketLimit)
    }
  }

  private mutating func freePort(_ address: IPAddress?) throws(BindError) -> UInt16 {
    let first = UInt16.random(in: 49_152...65_535, using: &randomness)
    var port = first
    while sockets.isTaken(PortTable.Key(address, port)) {
      port = port == 65_535 ? 49_152 : port + 1
      if port == first { throw .noFreePort }
    }
    return port
  }

  // MARK: Connecting

  /// Connects a socket: it gets datagrams of that peer alone, and may send without naming it.
  ///
  /// ICMP errors about what it sent surface as `SendError.fault` of its next call.
  ///
  /// - Throws: `BindError` `.noRoute`, or `.inUse` if another is connected to the same peer from there; the
  ///   socket is as it was.
  /// - Precondition: the socket is open and has a port, and so has the peer.
  ///
  /// BSD: `in_pcbconnect`.
  public mutating func connect(_ socket: SocketID, to peer: Endpoint) throws(BindError) {
    let key = sockets[socket].key
    precondition(!key.isEmpty && peer.port != 0, "connect a port to a port")
    var local = key.boundAddress
    if !key.isExact {
      guard let path = path(to: peer.address, on: nil),
        let source = source(for: peer.address, on: path)
      else { throw .noRoute(peer.address) }
      local = source
    }
    let peerKey = PeerKey(
      local: local, port: key.port, remote: peer.address, port: peer.port)
    if let other = sockets.peers.slot(of: peerKey), other != Int(socket.slot) {
      throw .inUse(Endpoint(local, key.port))
    }
    sockets.connect(socket, to: peer, peerKey)
  }

  /// Lets a connected socket speak with everybody again.
  ///
  /// - Precondition: the socket is open.
  ///
  /// BSD: `in_pcbdisconnect`.
  public mutating func disconnect(_ socket: SocketID) { sockets.disconnect(socket) }

  /// How a socket's datagrams are sent.
  ///
  /// - Precondition: the socket is open.
  public func options(of socket: SocketID) -> SocketOptions { sockets[socket].options }

  /// Sets how a socket's datagrams are sent.
  ///
  /// - Precondition: the socket is open.
  ///
  /// BSD: `setsockopt`.
  public mutating func setOptions(_ options: SocketOptions, of socket: SocketID) {
    sockets[socket].options = options
  }

  /// Takes what an ICMP error said of what a socket sent; nil if nothing was said since the last call.
  ///
  /// - Precondition: the socket is open.
  ///
  /// BSD: `SO_ERROR`.
  public mutating func takeFault(of socket: SocketID) -> NetworkFault? {
    sockets[socket].fault.take()
  }

  // MARK: Using

  /// Takes the next datagram that a socket received, or nil; a shared socket's come to its sharers.
  ///
  /// - Precondition: the socket is open.
  ///
  /// BSD: `recvfrom`.
  public mutating func receive(_ socket: SocketID) -> Datagram? {
    sockets[socket].buffer.receive()
  }

  /// Closes a socket; what waits in it is freed, and what waits in a shared one can be received.
  ///
  /// - Precondition: the socket is open; afterwards its handle traps.
  public mutating func close(_ socket: SocketID) { sockets.close(socket) }

  /// Whether a handle's socket is still open; all else that takes a handle traps if it is not.
  public func isOpen(_ socket: SocketID) -> Bool { sockets.isOpen(socket) }

  /// The figures of a socket.
  ///
  /// - Precondition: the socket is open.
  public func statistics(of socket: SocketID) -> SocketStatistics {
    let local = Endpoint(sockets[socket].key.boundAddress, sockets[socket].key.port)
    if let shared = sockets[socket].shared {
      return shared.withBuffer { SocketStatistics($0, local) }
    }
    return SocketStatistics(sockets[socket].buffer, local)
  }
}
