// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import UMA

extension DatagramSocket {
  /// Where what is sent without a destination goes; nil if the socket is not connected.
  ///
  /// BSD: `so_state` with SS_ISCONNECTED, `inp_faddr`, `inp_fport`.
  public var peer: Endpoint? { state.withLock { $0.peer } }

  /// Sends to one endpoint only, from now on.
  ///
  /// BSD: `soconnect`.
  public func connect(to peer: Endpoint) { state.withLock { $0.peer = peer } }

  /// Sends to anybody again.
  ///
  /// BSD: `sodisconnect`.
  public func disconnect() { state.withLock { $0.peer = nil } }

  /// Sends a packet as one datagram; it never waits.
  ///
  /// - Parameters:
  ///   - packet: the datagram; headroom for the headers saves an allocation. It ends here if it is
  ///     not sent.
  ///   - destination: to whom; only if the socket is not connected.
  ///   - control: what the protocol is to know besides; counts against the limit.
  /// - Throws: in this order `SocketError.cannotSend`, `.pending`, `.notConnected`,
  ///   `.destinationRequired` or `.alreadyConnected`, `.messageTooLong`; then what the protocol
  ///   says.
  ///
  /// BSD: `sosend_dgram`.
  public func send(
    _ packet: consuming Packet, to destination: Endpoint? = nil, control: consuming Packet? = nil
  ) throws(SocketError) {
    let target = try target(
      destination, byteCount: packet.byteCount, controlByteCount: SocketBuffer.byteCount(control))
    try output(Datagram(packet: packet, source: local, destination: target, control: control))
  }

  /// Sends a copy of bytes as one datagram, with headroom for the headers; it never waits.
  ///
  /// - Parameters:
  ///   - bytes: any number up to the limit.
  ///   - destination: to whom; only if the socket is not connected.
  ///   - control: what the protocol is to know besides; counts against the limit.
  /// - Throws: what `send(_:to:control:)` throws, and `SocketError.noMemory` before the protocol is
  ///   asked.
  ///
  /// BSD: `sosend_dgram`, `m_uiotombuf` with `max_hdr`.
  public func send(
    copying bytes: RawSpan, to destination: Endpoint? = nil, control: consuming Packet? = nil
  ) throws(SocketError) {
    let target = try target(
      destination, byteCount: bytes.byteCount, controlByteCount: SocketBuffer.byteCount(control))
    let packet: Packet
    do throws(MbufError) {
      packet = try pool.packet(copying: bytes, headroom: Self.headroom)
    } catch {
      throw .noMemory(error)
    }
    try output(Datagram(packet: packet, source: local, destination: target, control: control))
  }

  /// The destination of a datagram, if it may be sent.
  private func target(
    _ destination: Endpoint?, byteCount: Int, controlByteCount: Int
  ) throws(SocketError) -> Endpoint {
    let target = try state.withLock { state throws(SocketError) -> Endpoint in
      if state.cannotSend { throw .cannotSend }
      if let errorNumber = state.pendingError.take() { throw .pending(errorNumber: errorNumber) }
      if let peer = state.peer {
        if destination != nil { throw .alreadyConnected }
        return peer
      }
      if requiresConnection { throw .notConnected }
      guard let destination else { throw .destinationRequired }
      return destination
    }
    let available = sendLimit - controlByteCount
    guard byteCount <= available else {
      throw .messageTooLong(wanted: byteCount, available: available)
    }
    return target
  }
}
