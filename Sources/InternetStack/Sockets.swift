// SPDX-License-Identifier: BSD-2-Clause
//
// The buffers lie in the stack itself, one for each slot, so that a packet reaches its socket without
// a reference to count; their number is fixed. A slot is used again after a close, and its generation
// tells an old handle from a new one.
//
//     a free slot has an empty buffer

public import SocketBuffers
import Wire

/// A bound UDP socket of one stack.
public struct SocketID: Hashable, Sendable, BitwiseCopyable {
  let slot: UInt16
  let generation: UInt32
}

/// A raw IP socket of one stack.
public struct RawSocketID: Hashable, Sendable, BitwiseCopyable {
  let slot: UInt16
  let generation: UInt32
}

/// The figures of a socket.
///
/// BSD: a line of `netstat -a`.
public struct SocketStatistics: Hashable, Sendable {
  /// Address and port it is bound to; `0.0.0.0` is any address, and a raw socket has port 0.
  public let local: Endpoint
  /// Bytes that wait, addresses included.
  public let byteCount: Int
  /// Bytes of memory that they hold.
  public let storageByteCount: Int
  /// Datagrams that wait.
  public let recordCount: Int
  /// The most bytes that may wait.
  public let limit: Int
  /// Datagrams refused.
  public let drops: UInt64

  init(_ buffer: borrowing DatagramBuffer, local: Endpoint) {
    self.local = local
    byteCount = buffer.byteCount
    storageByteCount = buffer.storageByteCount
    recordCount = buffer.recordCount
    limit = buffer.limit
    drops = buffer.drops
  }
}

/// Who a slot belongs to; its buffer has the same number.
///
/// BSD: `struct inpcb`.
struct UDPSocket: BitwiseCopyable {
  var address = IPv4Address.any
  /// 0 for the socket that takes the rest.
  var port: UInt16 = 0
  var isOpen = false
  var generation: UInt32 = 0
}

/// Who a slot belongs to; its buffer has the same number.
struct RawSocket: BitwiseCopyable {
  var isOpen = false
  /// Nil takes every protocol.
  var `protocol`: IPProtocol?
  var generation: UInt32 = 0

  func wants(_ protocol: IPProtocol) -> Bool {
    isOpen && (self.protocol == nil || self.protocol == `protocol`)
  }
}
