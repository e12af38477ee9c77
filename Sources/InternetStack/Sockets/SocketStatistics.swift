// SPDX-License-Identifier: BSD-2-Clause
public import SocketBuffers

/// The figures of a socket.
///
/// BSD: a line of `netstat -a`.
public struct SocketStatistics: Hashable, Sendable {
  /// Address and port it is bound to; `0.0.0.0` is any address, and a socket without a port has 0.
  public let local: Endpoint
  /// Bytes that wait, addresses included.
  public let byteCount: Int
  /// Datagrams that wait.
  public let recordCount: Int
  /// The most bytes that may wait.
  package let limit: Int
  /// Datagrams refused.
  public let drops: UInt64

  init(_ buffer: borrowing DatagramBuffer, _ local: Endpoint) {
    self.local = local
    byteCount = buffer.byteCount
    recordCount = buffer.recordCount
    limit = buffer.limit
    drops = buffer.drops
  }
}
