// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
public import SocketBuffers
public import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a socket was not made.
///
/// The stack is as it was before.
public enum BindError: Error, Equatable, CustomStringConvertible {
  /// Another socket has exactly this address and port (EADDRINUSE); port 0 is the catch-all's.
  case inUse(Endpoint)
  /// The address is none of the stack's (EADDRNOTAVAIL).
  case notLocal(IPv4Address)
  /// Every port from 49,152 on is taken (EADDRNOTAVAIL).
  case noFreePort
  /// As many sockets are open as the policy allows (ENFILE).
  case tooManySockets(limit: Int)

  /// What failed and why, in one line.
  public var description: String {
    switch self {
    case .inUse(let endpoint): "\(endpoint) is in use"
    case .notLocal(let address): "\(address) is no address of this stack"
    case .noFreePort: "no port is free"
    case .tooManySockets(let limit): "all \(limit) sockets are open"
    }
  }
}

/// Why a datagram was not sent.
///
/// The payload is gone; nothing is queued.
public enum SendError: Error, Equatable, CustomStringConvertible {
  /// The datagram would be longer than the MTU, in bytes with headers (EMSGSIZE).
  case tooLong(byteCount: Int, limit: Int)
  /// The destination has port 0, or the socket has none, as raw ones and the catch-all (EADDRNOTAVAIL).
  case noPort
  /// The destination is not IPv4 (EAFNOSUPPORT).
  case unsupportedAddress(IPAddress)
  /// The address to send from is none of the stack's, or there is none (EADDRNOTAVAIL).
  case notLocal(IPv4Address)
  /// As many packets wait to be transmitted as may (ENOBUFS).
  case queueFull(limitInPackets: Int)
  /// There was no mbuf for a header (ENOBUFS).
  case noMemory(MbufError)

  /// What failed and why, in one line.
  public var description: String {
    switch self {
    case .tooLong(let byteCount, let limit): "\(byteCount) bytes are more than the MTU of \(limit)"
    case .noPort: "a datagram goes from a port to a port"
    case .unsupportedAddress(let address): "\(address) is not IPv4"
    case .notLocal(let address): "\(address) is no address of this stack"
    case .queueFull(let limit): "\(limit) packets wait to be transmitted"
    case .noMemory(let error): error.description
    }
  }
}

extension SendError {
  /// The number that a BSD system call would return, where to try again is of no use.
  ///
  /// BSD: `so_error`.
  var lastingErrorNumber: Int32? {
    switch self {
    case .tooLong: EMSGSIZE
    case .noPort, .notLocal: EADDRNOTAVAIL
    case .unsupportedAddress: EAFNOSUPPORT
    case .queueFull, .noMemory: nil
    }
  }
}
