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

/// Why a socket was not made, or not connected.
///
/// The stack is as it was before.
public enum BindError: Error, Equatable, CustomStringConvertible {
  /// Another socket has exactly this address and port (EADDRINUSE); port 0 is the catch-all's.
  case inUse(Endpoint)
  /// The address is none of the stack's (EADDRNOTAVAIL).
  case notLocal(IPAddress)
  /// Every port from 49,152 on is taken (EADDRNOTAVAIL).
  case noFreePort
  /// As many sockets are open as the policy allows (ENFILE).
  case tooManySockets(limit: Int)
  /// There is no way to the address, or none of ours to send from (EHOSTUNREACH).
  case noRoute(IPAddress)

  /// What failed and why, in one line.
  public var description: String {
    switch self {
    case .inUse(let endpoint): "\(endpoint) is in use"
    case .notLocal(let address): "\(address) is no address of this stack"
    case .noFreePort: "no port is free"
    case .tooManySockets(let limit): "all \(limit) sockets are open"
    case .noRoute(let address): "there is no way to \(address)"
    }
  }
}

/// What an ICMP error said of a socket's datagram (RFC 1122, 4.1.3.3).
public enum NetworkFault: Error, Equatable, Sendable, CustomStringConvertible {
  /// Nobody has the port, or speaks the protocol (ECONNREFUSED).
  case refused
  /// There is no way to the host (EHOSTUNREACH).
  case unreachable
  /// A router takes no more than so many bytes of IP datagram (EMSGSIZE).
  case tooLong(limit: Int)

  /// What was said, in one line.
  public var description: String {
    switch self {
    case .refused: "nobody there has the port"
    case .unreachable: "there is no way to the host"
    case .tooLong(let limit): "a router on the way takes no more than \(limit) bytes"
    }
  }
}

/// Why a datagram was not sent.
///
/// The payload is gone; nothing is queued.
public enum SendError: Error, Equatable, CustomStringConvertible {
  /// The datagram would be longer than may be, in bytes with headers (EMSGSIZE).
  case tooLong(byteCount: Int, limit: Int)
  /// The destination has port 0, or the socket has none, as raw ones and the catch-all (EADDRNOTAVAIL).
  case noPort
  /// The destination is not of the family that the socket or the address sent from has (EAFNOSUPPORT).
  case unsupportedAddress(IPAddress)
  /// The address to send from is none of the stack's, or there is none (EADDRNOTAVAIL).
  case notLocal(IPAddress)
  /// The destination is all hosts of a link, and the socket does not allow that (EACCES).
  case broadcastNotAllowed(IPv4Address)
  /// No route leads to the destination (EHOSTUNREACH).
  case noRoute(IPAddress)
  /// The next host on the way does not answer (EHOSTDOWN).
  case noNeighbour(IPAddress)
  /// The socket is connected, and to somebody else; or sends without a destination and is not (EISCONN,
  /// ENOTCONN).
  case wrongPeer
  /// An ICMP error came since the last call; the datagram of this call was not sent.
  case fault(NetworkFault)
  /// As many packets wait to be transmitted as may (ENOBUFS).
  case queueFull(limitInPackets: Int)
  /// There was no mbuf for a header (ENOBUFS).
  case noMemory(MbufError)

  /// What failed and why, in one line.
  public var description: String {
    switch self {
    case .tooLong(let byteCount, let limit):
      "\(byteCount) bytes are more than the limit of \(limit)"
    case .noPort: "a datagram goes from a port to a port"
    case .unsupportedAddress(let address): "\(address) is of another family"
    case .notLocal(let address): "\(address) is no address of this stack"
    case .broadcastNotAllowed(let address): "the socket may not send to all hosts of \(address)"
    case .noRoute(let address): "there is no way to \(address)"
    case .noNeighbour(let address): "\(address) does not answer"
    case .wrongPeer: "the socket is not connected to the destination"
    case .fault(let fault): fault.description
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
    case .broadcastNotAllowed: EACCES
    case .noRoute: EHOSTUNREACH
    case .noNeighbour: EHOSTDOWN
    case .wrongPeer: EISCONN
    case .fault(let fault): fault.errorNumber
    case .queueFull, .noMemory: nil
    }
  }
}

extension NetworkFault {
  /// The number that a BSD system call would return.
  var errorNumber: Int32 {
    switch self {
    case .refused: ECONNREFUSED
    case .unreachable: EHOSTUNREACH
    case .tooLong: EMSGSIZE
    }
  }
}
