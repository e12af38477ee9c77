// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a socket or a socket buffer did not do what it was asked.
///
/// It is as it was before. Where BSD says EWOULDBLOCK, what does not wait returns nil.
public enum SocketError: Error, Equatable, CustomStringConvertible {
  /// Nothing came until the deadline (ETIMEDOUT).
  case deadlinePassed
  /// The task was cancelled while it waited (EINTR).
  case cancelled
  /// Nothing will come any more: receiving was shut down; `recv` says 0 bytes.
  case ended
  /// Sending was shut down (EPIPE).
  case cannotSend
  /// There is no address to send to, and the protocol demands a connection (ENOTCONN).
  case notConnected
  /// There is no address to send to (EDESTADDRREQ).
  case destinationRequired
  /// An address to send to, on a socket that is connected to one (EISCONN).
  case alreadyConnected
  /// More bytes in one datagram than the send buffer would ever take (EMSGSIZE).
  case messageTooLong(wanted: Int, available: Int)
  /// A record of more bytes than there is space for (ENOBUFS); `available` may be below 0.
  case noSpace(wanted: Int, available: Int)
  /// A limit of more bytes than a buffer may have (ENOBUFS).
  case limitTooLarge(wanted: Int, largest: Int)
  /// An address of more bytes than an mbuf holds (EINVAL).
  case addressTooLong(wanted: Int, largest: Int)
  /// As many datagrams wait to be sent as may (ENOBUFS).
  case queueFull(limitInDatagrams: Int)
  /// There was no mbuf or cluster (ENOBUFS).
  case noMemory(MbufError)
  /// What the protocol told of an earlier send, once, as a system error number.
  case pending(errorNumber: Int32)

  init(_ reason: GivingUp) { self = reason == .cancelled ? .cancelled : .deadlinePassed }

  /// The number that a BSD system call would return; 0 for the end.
  ///
  /// BSD: `errno`.
  public var errorNumber: Int32 {
    switch self {
    case .deadlinePassed: ETIMEDOUT
    case .cancelled: EINTR
    case .ended: 0
    case .cannotSend: EPIPE
    case .notConnected: ENOTCONN
    case .destinationRequired: EDESTADDRREQ
    case .alreadyConnected: EISCONN
    case .messageTooLong: EMSGSIZE
    case .noSpace, .limitTooLarge, .queueFull, .noMemory: ENOBUFS
    case .addressTooLong: EINVAL
    case .pending(let errorNumber): errorNumber
    }
  }

  /// What failed and why, in one line.
  public var description: String {
    switch self {
    case .deadlinePassed: "nothing came until the deadline"
    case .cancelled: "the task was cancelled"
    case .ended: "nothing will come any more"
    case .cannotSend: "sending was shut down"
    case .notConnected: "the socket is not connected"
    case .destinationRequired: "there is no address to send to"
    case .alreadyConnected: "the socket is connected, and sends to nobody else"
    case .messageTooLong(let wanted, let available): "\(wanted) bytes to send, at most \(available)"
    case .noSpace(let wanted, let available): "\(wanted) bytes to append in space of \(available)"
    case .limitTooLarge(let wanted, let largest): "a limit of \(wanted) bytes, at most \(largest)"
    case .addressTooLong(let wanted, let largest):
      "an address of \(wanted) bytes, at most \(largest)"
    case .queueFull(let limit): "\(limit) datagrams wait to be sent"
    case .noMemory(let error): error.description
    case .pending(let errorNumber): "the protocol reported error \(errorNumber)"
    }
  }
}
