// SPDX-License-Identifier: BSD-2-Clause
//
// What sockets on any thread want of the stack that they sit on, which is on one:
//
//     send, close --put-->  [ datagram ][ close ][ datagram ] ...  --take-->  the owner of the stack
//     writers wait while it is full                          the owner waits while there is nothing
//
//     entries.count == datagramCount + requests to close;   datagramCount <= limitInDatagrams
//     an owner waits  =>  no entry that it may send, no wake-up, no end
//     a writer waits  =>  datagramCount == limitInDatagrams, no end
//
// One lock guards all of it. A sleeper is queued under the lock where its reason to sleep was seen, and
// whoever takes that reason away wakes all of them. What is granted is no more than another look: who
// finds nothing then sleeps again, and writers race for the room.

import DequeModule
import Mbufs
import UMA

/// Datagrams on their way from sockets that threads and tasks share to the stack under them.
///
/// A stack makes its own: `stack.sendQueue`. Its owner waits here for something to do, and ends it.
///
/// BSD: an interface queue, `IF_ENQUEUE`, with `wakeup` of a network thread.
public final class SendQueue: Sendable {
  /// A datagram, or the wish to be closed, and which socket it is from.
  package struct Entry: ~Copyable, Sendable {
    /// Nil if the socket is to be closed.
    package var datagram: Datagram?
    package let socket: UInt64
  }

  private struct State: ~Copyable {
    var entries = UniqueDeque<Entry>()
    var datagramCount = 0
    var isWoken = false
    var isEnded = false
    var owners = WaiterQueue<Void, Void>()
    var writers = WaiterQueue<Void, Void>()
    var callback: Callback?

    /// Tells the owner that there is something to do.
    mutating func wakeOwner(_ wakes: inout WakeList) {
      owners.grantAll(&wakes) {}
      wakes.add(callback)
    }
  }

  /// Stands for an owner that sleeps elsewhere.
  private final class Callback: Parker {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func unpark() { body() }
  }

  /// Whoever sleeps here.
  private typealias Sleeper = Waiter<Void, Void>

  private static let lockClass = LockClass("send queue")
  private let state = Guarded(State(), class: lockClass)
  /// The most datagrams that wait; a sender beyond it is refused, or waits.
  public let limitInDatagrams: Int

  /// Makes an empty queue.
  ///
  /// - Parameter limitInDatagrams: at least 1.
  package init(limitInDatagrams: Int) {
    precondition(limitInDatagrams > 0, "a send queue of \(limitInDatagrams) datagrams")
    self.limitInDatagrams = limitInDatagrams
  }

  /// Datagrams that wait to be sent.
  public var count: Int { state.withLock { $0.datagramCount } }

  // MARK: The sockets' side

  /// Puts a datagram at the end, or refuses it.
  package func put(_ datagram: consuming Datagram, from socket: UInt64) throws(SocketError) {
    var entry: Entry? = Entry(datagram: datagram, socket: socket)
    let limit = limitInDatagrams
    try state.withLockThenWake { state, wakes throws(SocketError) in
      if state.isEnded { throw .cannotSend }
      guard state.datagramCount < limit else { throw .queueFull(limitInDatagrams: limit) }
      state.datagramCount += 1
      Self.append(&entry, to: &state, &wakes)
    }
  }

  /// Asks the owner to close a socket behind what it has sent; there is always room for that.
  package func requestClose(of socket: UInt64) {
    var entry: Entry? = Entry(datagram: nil, socket: socket)
    state.withLockThenWake { state, wakes in Self.append(&entry, to: &state, &wakes) }
  }

  private static func append(
    _ entry: inout Entry?, to state: inout State, _ wakes: inout WakeList
  ) {
    let isFirst = state.entries.isEmpty
    if let entry = entry.take() { state.entries.append(entry) }
    if isFirst { state.wakeOwner(&wakes) }
  }

  /// Blocks the thread until there is room, or nothing will be sent any more.
  package func waitForRoom(until deadline: ContinuousClock.Instant?) throws(SocketError) {
    try Sleeper.blockThread(for: (), until: deadline) { (sleeper, givingUp) throws(SocketError) in
      try turnOfWriter(sleeper, givingUp)
    }
  }

  /// Suspends the task until there is room, or nothing will be sent any more.
  package func getsRoom(until deadline: ContinuousClock.Instant?) async throws(SocketError) {
    try await Sleeper.suspendTask(for: (), until: deadline) {
      (sleeper, givingUp) throws(SocketError) in try turnOfWriter(sleeper, givingUp)
    }
  }

  private func turnOfWriter(
    _ sleeper: Sleeper?, _ givingUp: GivingUp?
  ) throws(SocketError) -> WaiterTurn<Void> {
    try state.withLock { state throws(SocketError) in
      if let sleeper { _ = state.writers.withdraw(sleeper) }
      if state.isEnded { throw .cannotSend }
      if state.datagramCount < limitInDatagrams { return .ended(()) }
      if let givingUp { throw SocketError(givingUp) }
      if let sleeper { state.writers.enqueue(sleeper) }
      return .sleep()
    }
  }

  // MARK: The owner's side

  /// Takes the first entry out, or nil; writers that wait for room are woken.
  package func take() -> Entry? {
    var entry: Entry?
    state.withLockThenWake { state, wakes in
      if state.entries.isEmpty { return }
      let first = state.entries.removeFirst()
      let isDatagram =
        switch first.datagram {
        case .some: true
        case nil: false
        }
      entry = consume first
      guard isDatagram else { return }
      state.datagramCount -= 1
      state.writers.grantAll(&wakes) {}
    }
    return entry
  }

  /// Blocks the owner's thread until there is something to send or to close, somebody called `wake()`
  /// or `end()`, or the deadline has passed.
  ///
  /// - Parameters:
  ///   - deadline: when to look after other things again; nil for never.
  ///   - isSending: false while the link takes nothing, so that what waits to be sent has to wait.
  /// - Returns: false once the queue has ended and is empty: nothing is to do any more.
  public func waitUntilReady(
    until deadline: ContinuousClock.Instant? = nil, isSending: Bool = true
  ) -> Bool {
    Sleeper.blockThread(for: (), until: deadline) { turnOfOwner($0, isSending, $1) }
  }

  /// Suspends the owner's task as `waitUntilReady(until:isSending:)` blocks its thread; a cancelled
  /// task is not suspended.
  ///
  /// - Parameters:
  ///   - deadline: when to look after other things again; nil for never.
  ///   - isSending: false while the link takes nothing, so that what waits to be sent has to wait.
  /// - Returns: false once the queue has ended and is empty.
  public func becomesReady(
    until deadline: ContinuousClock.Instant? = nil, isSending: Bool = true
  ) async -> Bool {
    await Sleeper.suspendTask(for: (), until: deadline) { turnOfOwner($0, isSending, $1) }
  }

  private func turnOfOwner(
    _ sleeper: Sleeper?, _ isSending: Bool, _ givingUp: GivingUp?
  ) -> WaiterTurn<Bool> {
    state.withLock { state in
      if let sleeper { _ = state.owners.withdraw(sleeper) }
      if state.entries.isEmpty, state.isEnded { return .ended(false) }
      if isSending && !state.entries.isEmpty || state.isWoken || givingUp != nil {
        state.isWoken = false
        return .ended(true)
      }
      if let sleeper { state.owners.enqueue(sleeper) }
      return .sleep()
    }
  }

  /// Ends the owner's wait, or its next one: for instance because an interface has packets.
  public func wake() {
    state.withLockThenWake { state, wakes in
      state.isWoken = true
      state.wakeOwner(&wakes)
    }
  }

  /// Has `body` called when there is something to do and before there was not, or the queue ends.
  ///
  /// For an owner that waits elsewhere, in poll(2) for instance, and is to be woken there. It is
  /// called without a lock, on the thread that sends. One that was set before is let go.
  public func onReady(_ body: (@Sendable () -> Void)?) {
    var callback = body.map(Callback.init)
    state.withLock { swap(&$0.callback, &callback) }
    // What was set before ends here, behind the lock.
    _ = consume callback
  }

  /// Refuses to take anything more; writers are told, and what waits is still sent.
  public func end() {
    state.withLockThenWake { state, wakes in
      state.isEnded = true
      state.wakeOwner(&wakes)
      state.writers.grantAll(&wakes) {}
    }
  }

  /// Traps if there is more than the limit, or somebody sleeps without a reason.
  public func checkInvariants() {
    state.withLock { state in
      let count = state.datagramCount
      precondition(
        count <= limitInDatagrams && count <= state.entries.count,
        "\(count) datagrams in \(state.entries.count) entries, at most \(limitInDatagrams)")
      precondition(
        state.owners.isEmpty || !state.isWoken && !(state.isEnded && state.entries.isEmpty),
        "the owner waits although it was woken")
      precondition(
        state.writers.isEmpty || count == limitInDatagrams && !state.isEnded,
        "writers wait although \(count) of \(limitInDatagrams) datagrams wait")
    }
  }
}
