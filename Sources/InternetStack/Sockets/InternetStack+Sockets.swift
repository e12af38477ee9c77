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
  /// One port may be bound once to each address and once to any; a datagram goes to the socket
  /// bound to exactly its address before the one bound to any.
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
    try checkSocketLimit()
    let port = port == 0 ? try freePort(address) : port
    guard !sockets.isBound(address, port: port) else { throw .inUse(Endpoint(address, port)) }
    return sockets.open(.port, address: address, port: port, limit: limit)
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
    guard !sockets.isBound(.any, port: 0) else { throw .inUse(Endpoint(.any, 0)) }
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

  private mutating func freePort(_ address: IPv4Address) throws(BindError) -> UInt16 {
    let first = UInt16.random(in: 49_152...65_535, using: &randomness)
    var port = first
    while sockets.isBound(address, port: port) {
      port = port == 65_535 ? 49_152 : port + 1
      if port == first { throw .noFreePort }
    }
    return port
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
    let local = Endpoint(sockets[socket].key.address, sockets[socket].key.port)
    if let shared = sockets[socket].shared {
      return shared.withBuffer { SocketStatistics($0, local) }
    }
    return SocketStatistics(sockets[socket].buffer, local)
  }
}
