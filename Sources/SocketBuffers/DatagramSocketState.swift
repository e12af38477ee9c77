// SPDX-License-Identifier: BSD-2-Clause
//
// What a datagram socket has under its lock: datagrams that wait for readers, or readers that wait for
// datagrams. A reader is granted its outcome: a datagram, the news that there is one, or why there will
// be none.
//
//     readers != []  =>  the buffer is not readable, no error is pending, and more may come

import Mbufs
import UMA

/// What a reader waits for.
enum DatagramWant {
  /// A datagram, which it takes.
  case datagram
  /// That one is there for whoever asks next.
  case news
}

/// What a reader's wait was good for.
enum DatagramOutcome: ~Copyable {
  case datagram(Datagram)
  case readable
  case failed(SocketError)
}

/// Somebody who waits for a datagram, under the socket's lock.
typealias DatagramReader = Waiter<DatagramWant, DatagramOutcome>

/// A datagram socket under its lock.
struct DatagramSocketState: ~Copyable {
  var buffer: DatagramBuffer
  private var readers = WaiterQueue<DatagramWant, DatagramOutcome>()
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

  /// Whether there is anything for somebody who waits.
  private var hasNews: Bool { isReadable || cannotReceive || pendingError != nil }

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

  /// What a reader does each time it is awake; nil if it is in no queue yet.
  mutating func turn(
    _ reader: DatagramReader?, for want: DatagramWant, givingUp: GivingUp?
  ) throws(SocketError) -> WaiterTurn<DatagramOutcome> {
    if let reader, let outcome = givingUp == nil ? reader.takeGrant() : readers.withdraw(reader) {
      return .ended(outcome)
    }
    // While others wait there is nothing for this one either.
    if readers.isEmpty, let outcome = outcome(for: want) { return .ended(outcome) }
    if let givingUp { throw SocketError(givingUp) }
    if let reader, !reader.isQueued { readers.enqueue(reader) }
    return .sleep()
  }

  /// What there is for the first who waits.
  private mutating func outcome(for want: DatagramWant) -> DatagramOutcome? {
    guard hasNews else { return nil }
    if want == .news { return .readable }
    do throws(SocketError) {
      guard let datagram = try takeAtOnce() else { return nil }
      return .datagram(datagram)
    } catch {
      return .failed(error)
    }
  }

  /// Gives readers what there is for them, in their order.
  mutating func serve(_ wakes: inout WakeList) {
    while let reader = readers.first, let outcome = outcome(for: reader.want) {
      readers.grantFirst(outcome, &wakes)
    }
  }

  borrowing func checkInvariants() {
    buffer.checkInvariants()
    precondition(
      readers.isEmpty || !hasNews,
      "\(readers.count) readers wait although there is something for them")
    readers.checkInvariants()
  }
}
