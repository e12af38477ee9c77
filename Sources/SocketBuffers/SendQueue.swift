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
// One lock guards all of it. A sleeper is listed under the lock where its reason to sleep was seen, and
// whoever takes that reason away takes the list as well and unparks all of them behind the lock. So no
// wake-up is lost; who finds nothing when it looks again sleeps again. Writers race for the room.

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
    var owners = SleeperList()
    var writers = SleeperList()
    var callback: (@Sendable () -> Void)?
  }

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
    let news = try state.withLock { state throws(SocketError) -> News in
      if state.isEnded { throw .cannotSend }
      guard state.datagramCount < limit else { throw .queueFull(limitInDatagrams: limit) }
      state.datagramCount += 1
      return Self.append(&entry, to: &state)
    }
    news.tell()
  }

  /// Asks the owner to close a socket behind what it has sent; there is always room for that.
  package func requestClose(of socket: UInt64) {
    var entry: Entry? = Entry(datagram: nil, socket: socket)
    let news = state.withLock { state in Self.append(&entry, to: &state) }
    news.tell()
  }

  private static func append(_ entry: inout Entry?, to state: inout State) -> News {
    let isFirst = state.entries.isEmpty
    if let entry = entry.take() { state.entries.append(entry) }
    return isFirst ? news(for: &state) : News()
  }

  /// Blocks the thread until there is room, or nothing will be sent any more.
  package func waitForRoom(until deadline: ContinuousClock.Instant?) throws(SocketError) {
    let parker = ThreadParker()
    while !(try turnOfWriter(parker, deadline, isCancelled: false)) { parker.wait(until: deadline) }
  }

  /// Suspends the task until there is room, or nothing will be sent any more.
  package func getsRoom(until deadline: ContinuousClock.Instant?) async throws(SocketError) {
    let parker = TaskParker()
    // The handler's closure cannot throw a typed error.
    let result = await withTaskCancellationHandler { () async -> Result<Void, SocketError> in
      do throws(SocketError) {
        while !(try turnOfWriter(parker, deadline, isCancelled: Task.isCancelled)) {
          await parker.wait(until: deadline)
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      parker.unpark()
    }
    try result.get()
  }

  private func turnOfWriter(
    _ parker: some Parker, _ deadline: ContinuousClock.Instant?, isCancelled: Bool
  ) throws(SocketError) -> Bool {
    let isLate = deadline.map { $0 <= .now } ?? false
    return try state.withLock { state throws(SocketError) in
      state.writers.remove(parker)
      if state.isEnded { throw .cannotSend }
      if state.datagramCount < limitInDatagrams { return true }
      if isCancelled { throw .cancelled }
      if isLate { throw .deadlinePassed }
      state.writers.add(parker)
      return false
    }
  }

  // MARK: The owner's side

  /// Takes the first entry out, or nil; writers that wait for room are woken.
  package func take() -> Entry? {
    var entry: Entry?
    let parkers = state.withLock { state -> [any Parker] in
      if state.entries.isEmpty { return [] }
      let first = state.entries.removeFirst()
      let isDatagram =
        switch first.datagram {
        case .some: true
        case nil: false
        }
      entry = consume first
      guard isDatagram else { return [] }
      state.datagramCount -= 1
      return state.writers.takeAll()
    }
    for parker in parkers { parker.unpark() }
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
    let parker = ThreadParker()
    while true {
      let answer = turnOfOwner(parker, deadline, isSending, isCancelled: false)
      if let answer { return answer }
      parker.wait(until: deadline)
    }
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
    let parker = TaskParker()
    return await withTaskCancellationHandler {
      while true {
        let answer = turnOfOwner(parker, deadline, isSending, isCancelled: Task.isCancelled)
        if let answer { return answer }
        await parker.wait(until: deadline)
      }
    } onCancel: {
      parker.unpark()
    }
  }

  private func turnOfOwner(
    _ parker: some Parker, _ deadline: ContinuousClock.Instant?, _ isSending: Bool,
    isCancelled: Bool
  ) -> Bool? {
    let isLate = deadline.map { $0 <= .now } ?? false
    return state.withLock { state in
      state.owners.remove(parker)
      if state.entries.isEmpty, state.isEnded { return false }
      if isSending && !state.entries.isEmpty || state.isWoken || isCancelled || isLate {
        state.isWoken = false
        return true
      }
      state.owners.add(parker)
      return nil
    }
  }

  /// Ends the owner's wait, or its next one: for instance because an interface has packets.
  public func wake() {
    let news = state.withLock { state in
      state.isWoken = true
      return Self.news(for: &state)
    }
    news.tell()
  }

  /// Has `body` called when there is something to do and before there was not, or the queue ends.
  ///
  /// For an owner that waits elsewhere, in poll(2) for instance, and is to be woken there. It is
  /// called without a lock, on the thread that sends. One that was set before is let go.
  public func onReady(_ body: (@Sendable () -> Void)?) {
    var body = body
    state.withLock { swap(&$0.callback, &body) }
    // What was set before ends here, behind the lock.
    _ = consume body
  }

  /// Refuses to take anything more; writers are told, and what waits is still sent.
  public func end() {
    let (news, writers) = state.withLock { state in
      state.isEnded = true
      return (Self.news(for: &state), state.writers.takeAll())
    }
    news.tell()
    for parker in writers { parker.unpark() }
  }

  /// Whom to tell, behind the lock, that there is something to do.
  private struct News {
    var owners: [any Parker] = []
    var callback: (@Sendable () -> Void)?

    func tell() {
      for parker in owners { parker.unpark() }
      callback?()
    }
  }

  private static func news(for state: inout State) -> News {
    News(owners: state.owners.takeAll(), callback: state.callback)
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

/// Who sleeps until something changes; whoever changes it wakes all of them.
private struct SleeperList {
  private var sleepers: [(id: ObjectIdentifier, parker: any Parker)] = []

  var isEmpty: Bool { sleepers.isEmpty }

  mutating func add(_ parker: some Parker) {
    sleepers.append((ObjectIdentifier(parker), parker))
  }

  mutating func remove(_ parker: some Parker) {
    if sleepers.isEmpty { return }
    sleepers.removeAll { $0.id == ObjectIdentifier(parker) }
  }

  mutating func takeAll() -> [any Parker] {
    if sleepers.isEmpty { return [] }
    defer { sleepers = [] }
    return sleepers.map(\.parker)
  }
}
