// SPDX-License-Identifier: BSD-2-Clause
//
// Who waits for a datagram of a socket, in the order they came.
//
//     new --enqueue--> queued --serve--> has its outcome --> leaves
//                        |
//                        '--deadline, cancellation--> leaves
//
// All of it under the socket's lock; a waiter parks and is unparked outside it. A datagram moves from
// the buffer to the reader, and the reader out of the queue, in one step: so nobody overtakes a
// reader that waits, and a deadline that passes at the same moment finds either the datagram or
// the place in the queue. What was handed over is taken, late or not, so that none is lost.
//
//     readers != []  =>  the buffer is not readable, no error is pending, and more may come

import Mbufs
import UMA

/// Somebody who waits for a datagram, or for one to be there.
@safe
final class DatagramReader: @unchecked Sendable {
  /// What the wait was good for.
  enum Outcome: ~Copyable {
    case datagram(Datagram)
    case readable
    case failed(SocketError)
  }

  let parker: any Parker
  /// Whether it takes the datagram; if not, it only wants to know of it.
  let takes: Bool
  /// Under the socket's lock.
  private var outcome: Outcome?
  /// Under the socket's lock.
  fileprivate(set) var isQueued = false

  init(parker: any Parker, takes: Bool) {
    self.parker = parker
    self.takes = takes
  }

  /// Whether it has its outcome; under the socket's lock.
  var isServed: Bool {
    switch outcome {
    case .some: true
    case nil: false
    }
  }

  fileprivate func serve(_ outcome: consuming Outcome) {
    self.outcome = consume outcome
    isQueued = false
  }

  /// The outcome, once it is there and the reader has left the queue: nobody else comes to it then.
  func takeOutcome() -> Outcome {
    guard let outcome = outcome.take() else { preconditionFailure("a reader left without outcome") }
    return outcome
  }
}

/// A datagram socket under its lock.
struct DatagramSocketState: ~Copyable {
  var buffer: DatagramBuffer
  private var readers: [DatagramReader] = []
  var peer: Endpoint?
  /// What the protocol told of an earlier send.
  var pendingError: Int32?
  /// BSD: SBS_CANTRCVMORE.
  var cannotReceive = false
  /// BSD: SBS_CANTSENDMORE.
  var cannotSend = false
  /// Whether a datagram was refused since the buffer was empty.
  private var isPressed = false

  init(_ buffer: consuming DatagramBuffer) { self.buffer = buffer }

  var waitingCount: Int { readers.count }

  /// Whether a waiting reader gets what is in the buffer.
  ///
  /// Below the low-water mark only if more cannot come: for want of space, or because it ended.
  private var isReadable: Bool {
    !buffer.isEmpty
      && (buffer.byteCount >= buffer.lowWater || isPressed || cannotReceive || pendingError != nil)
  }

  mutating func append(
    _ framed: inout Packet?, control: inout Packet?
  ) -> DatagramBuffer.AppendResult {
    let result = buffer.appendFramed(&framed, control: &control)
    if result == .full { isPressed = true }
    return result
  }

  mutating func take() -> Datagram? {
    let datagram = buffer.receive()
    if buffer.isEmpty { isPressed = false }
    return datagram
  }

  /// What there is for a reader that does not wait.
  mutating func takeAtOnce() throws(SocketError) -> Datagram? {
    if let datagram = take() { return datagram }
    if let errorNumber = pendingError.take() { throw .pending(errorNumber: errorNumber) }
    if cannotReceive { throw .ended }
    return nil
  }

  /// What a reader does each time it is awake; true if it has its outcome.
  mutating func turn(_ reader: DatagramReader, givingUp error: SocketError?) -> Bool {
    if reader.isServed { return true }
    if !reader.isQueued {
      reader.isQueued = true
      readers.append(reader)
      // The others wait because there is nothing, so only this one can be served now.
      _ = serve()
      if reader.isServed { return true }
    }
    guard let error else { return false }
    readers.removeAll { $0 === reader }
    reader.serve(.failed(error))
    return true
  }

  /// Gives readers what there is for them, in their order.
  ///
  /// - Returns: parkers to be unparked when the lock is let go.
  mutating func serve() -> [any Parker] {
    var parkers: [any Parker] = []
    while let reader = readers.first {
      if !reader.takes {
        guard isReadable || cannotReceive || pendingError != nil else { return parkers }
        reader.serve(.readable)
      } else if isReadable, let datagram = take() {
        reader.serve(.datagram(datagram))
      } else if let errorNumber = pendingError.take() {
        reader.serve(.failed(.pending(errorNumber: errorNumber)))
      } else if cannotReceive {
        reader.serve(.failed(.ended))
      } else {
        return parkers
      }
      readers.removeFirst()
      parkers.append(reader.parker)
    }
    return parkers
  }

  borrowing func checkInvariants() {
    buffer.checkInvariants()
    precondition(
      readers.isEmpty || !(isReadable || cannotReceive || pendingError != nil),
      "\(readers.count) readers wait although there is something for them")
    precondition(readers.allSatisfy { $0.isQueued && !$0.isServed }, "a served reader is queued")
  }
}
