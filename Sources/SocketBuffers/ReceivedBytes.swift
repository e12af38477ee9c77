// SPDX-License-Identifier: BSD-2-Clause
import Mbufs

/// What became of a datagram that was copied into a reader's memory.
///
/// BSD: what `recvmsg` returns: a count, `msg_name`, `msg_flags`.
public struct ReceivedBytes: Equatable, Sendable {
  /// Bytes copied.
  public internal(set) var byteCount = 0
  /// Bytes that the datagram had.
  public internal(set) var datagramByteCount = 0
  /// Who sent it.
  public let source: Endpoint
  /// To whom it was sent.
  public let destination: Endpoint

  init(source: Endpoint, destination: Endpoint) {
    self.source = source
    self.destination = destination
  }

  /// Whether bytes were left out because there was no room for them.
  ///
  /// BSD: MSG_TRUNC.
  public var isTruncated: Bool { byteCount < datagramByteCount }
}

extension Datagram {
  /// Copies the first bytes out, as many as there is room for.
  ///
  ///     let received = try socket.receive().copyOut(into: &bytes)
  ///
  /// What is left of the datagram ends with it.
  public borrowing func copyOut(into destination: inout MutableRawSpan) -> ReceivedBytes {
    var received = ReceivedBytes(source: source, destination: self.destination)
    received.datagramByteCount = packet.byteCount
    received.byteCount = Swift.min(packet.byteCount, destination.byteCount)
    var done = 0
    packet.forEachSegment(from: 0, byteCount: received.byteCount) { piece in
      destination.replace(at: done, with: piece)
      done += piece.byteCount
    }
    return received
  }
}
