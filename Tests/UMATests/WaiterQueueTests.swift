// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import UMA

/// Counts its permits.
final class CountedParker: Parker {
  private let permits = Atomic<Int>(0)
  private let onUnpark: @Sendable () -> Void

  init(_ onUnpark: @escaping @Sendable () -> Void = {}) { self.onUnpark = onUnpark }

  var permitCount: Int { permits.load(ordering: .relaxed) }

  func unpark() {
    permits.add(1, ordering: .relaxed)
    onUnpark()
  }
}

/// A grant that cannot be copied, and counts its end.
private struct Token: ~Copyable {
  let number: Int
  let ended: Stage

  deinit { ended.advance() }
}

private typealias Queue = WaiterQueue<String, Int>

@Suite(.timeLimit(.minutes(1))) struct WaiterQueueTests {
  private func waiter(_ want: String, _ parker: CountedParker = CountedParker())
    -> Waiter<String, Int>
  {
    Waiter(want, parker: parker)
  }

  /// The wants of those in the queue, in the order in which they are granted.
  private func order(_ queue: inout Queue) -> [String] {
    var wants: [String] = []
    var wakes = WakeList()
    while let first = queue.first {
      wants.append(first.want)
      queue.grantFirst(0, &wakes)
    }
    return wants
  }

  @Test func grantsGoToTheFirstAndEachTakesItsOwnOnce() {
    var queue = Queue()
    var wakes = WakeList()
    let waiters = ["a", "b", "c"].map { waiter($0) }
    #expect(queue.isEmpty && queue.first == nil)
    for waiter in waiters {
      #expect(!waiter.isQueued)
      queue.enqueue(waiter)
      #expect(waiter.isQueued && waiter.takeGrant() == nil && waiter.isQueued)
    }
    #expect(queue.count == 3 && !queue.isEmpty)
    for (number, waiter) in waiters.enumerated() {
      #expect(queue.first === waiter)
      queue.checkInvariants()
      queue.grantFirst(10 + number, &wakes)
      // Handed over and out of the queue in one step.
      #expect(!waiter.isQueued && queue.count == 2 - number)
    }
    for (number, waiter) in waiters.enumerated() {
      #expect(waiter.takeGrant() == 10 + number)
      #expect(waiter.takeGrant() == nil)
    }
    #expect(queue.count == 0)
  }

  @Test func whoGoesAheadStandsBehindThoseWhoDoAsWell() {
    var queue = Queue()
    for want in ["a", "b"] { queue.enqueue(waiter(want)) }
    queue.enqueue(waiter("A"), ahead: true)
    queue.enqueue(waiter("c"))
    queue.enqueue(waiter("B"), ahead: true)
    queue.checkInvariants()
    #expect(order(&queue) == ["A", "B", "a", "b", "c"])
    // And where all go ahead, they are in the order they came.
    for want in ["C", "D"] { queue.enqueue(waiter(want), ahead: true) }
    #expect(order(&queue) == ["C", "D"])
  }

  @Test func whoWithdrawsLeavesTheOthersInTheirOrder() {
    var queue = Queue()
    var wakes = WakeList()
    let waiters = ["a", "b", "c", "d"].map { waiter($0) }
    for waiter in waiters { queue.enqueue(waiter) }
    #expect(queue.withdraw(waiters[1]) == nil)
    #expect(!waiters[1].isQueued && queue.count == 3)
    // Twice does no harm.
    #expect(queue.withdraw(waiters[1]) == nil && queue.count == 3)
    #expect(queue.withdraw(waiters[0]) == nil)
    #expect(queue.first === waiters[2])
    queue.grantFirst(7, &wakes)
    #expect(waiters[2].takeGrant() == 7 && waiters[0].takeGrant() == nil)
    #expect(order(&queue) == ["d"])
  }

  @Test func whoWithdrawsTooLateHasItsGrant() {
    var queue = Queue()
    var wakes = WakeList()
    let (late, next) = (waiter("late"), waiter("next"))
    queue.enqueue(late)
    queue.enqueue(next)
    queue.grantFirst(5, &wakes)
    #expect(queue.withdraw(late) == 5)
    #expect(late.takeGrant() == nil && queue.withdraw(late) == nil)
    // It is handed on.
    queue.grantFirst(5, &wakes)
    #expect(next.takeGrant() == 5)
  }

  @Test func whoHasBeenThereMayComeAgainAtTheEnd() {
    var queue = Queue()
    var wakes = WakeList()
    let (a, b) = (waiter("a"), waiter("b"))
    queue.enqueue(a)
    queue.enqueue(b)
    #expect(queue.withdraw(a) == nil)
    queue.enqueue(a)
    #expect(queue.first === b)
    queue.grantFirst(1, &wakes)
    #expect(b.takeGrant() == 1)
    queue.enqueue(b)
    queue.checkInvariants()
    #expect(order(&queue) == ["a", "b"])
  }

  @Test func everybodyIsToldOfAnEnd() {
    var queue = Queue()
    let parkers = (0..<3).map { _ in CountedParker() }
    let waiters = parkers.map { waiter("", $0) }
    for waiter in waiters { queue.enqueue(waiter) }
    let state = Guarded(queue)
    state.withLockThenWake { queue, wakes in
      queue.grantAll(&wakes) { -1 }
      #expect(queue.isEmpty && parkers.allSatisfy { $0.permitCount == 0 })
      // Nobody is left to tell.
      queue.grantAll(&wakes) { preconditionFailure("a grant for nobody") }
    }
    #expect(
      waiters.allSatisfy { $0.takeGrant() == -1 } && parkers.allSatisfy { $0.permitCount == 1 })
  }

  @Test func aGrantThatNobodyTakesEndsWithItsWaiter() {
    let ended = Stage()
    var queue = WaiterQueue<Void, Token>()
    do {
      var wakes = WakeList()
      let waiter = Waiter<Void, Token>((), parker: CountedParker())
      queue.enqueue(waiter)
      queue.grantFirst(Token(number: 3, ended: ended), &wakes)
      #expect(ended.value == 0 && !waiter.isQueued)
    }
    #expect(ended.value == 1)
    var wakes = WakeList()
    let waiter = Waiter<Void, Token>((), parker: CountedParker())
    queue.enqueue(waiter)
    queue.grantFirst(Token(number: 4, ended: ended), &wakes)
    guard let token = waiter.takeGrant() else { preconditionFailure("no grant") }
    #expect(token.number == 4 && ended.value == 1)
  }

  @Test func mistakesTrap() async {
    await #expect(processExitsWith: .failure) {
      var queue = WaiterQueue<Void, Int>()
      let waiter = Waiter<Void, Int>((), parker: CountedParker())
      queue.enqueue(waiter)
      queue.enqueue(waiter)
    }
    await #expect(processExitsWith: .failure) {
      var queue = WaiterQueue<Void, Int>()
      var wakes = WakeList()
      let waiter = Waiter<Void, Int>((), parker: CountedParker())
      queue.enqueue(waiter)
      queue.grantFirst(1, &wakes)
      // Its grant would be lost.
      queue.enqueue(waiter)
    }
    await #expect(processExitsWith: .failure) {
      var queue = WaiterQueue<Void, Int>()
      var wakes = WakeList()
      queue.grantFirst(1, &wakes)
    }
  }

  // MARK: Waking

  @Test func whoIsGrantedIsWokenOnceTheLockIsReleased() {
    let state = Guarded(Queue())
    let woken = Box<[String]>()
    woken.value = []
    // A parker that takes the lock would hang if it were called under it.
    func parker(_ name: String) -> CountedParker {
      CountedParker { woken.append("\(name) of \(state.withLock { $0.count })") }
    }
    let parkers = ["a", "b", "c", "d"].map(parker)
    state.withLock { queue in
      for (parker, name) in zip(parkers, ["a", "b", "c", "d"]) {
        queue.enqueue(waiter(name, parker))
      }
    }
    state.withLockThenWake { queue, wakes in
      for number in 0..<3 { queue.grantFirst(number, &wakes) }
      #expect(woken.value == [])
    }
    #expect(woken.value == ["a of 1", "b of 1", "c of 1"])
    #expect(parkers.map(\.permitCount) == [1, 1, 1, 0])
    // The first may be asked to look for itself, and stays where it is.
    state.withLockThenWake { queue, wakes in queue.wakeFirst(&wakes) }
    #expect(parkers[3].permitCount == 1 && state.withLock { $0.count } == 1)
    state.withLockThenWake { queue, wakes in queue.grantFirst(3, &wakes) }
    #expect(woken.value?.last == "d of 0")
  }

  @Test func whoWasNotedIsWokenWhateverIsThrown() {
    let state = Guarded(Queue())
    let parker = CountedParker()
    #expect(throws: CancellationError.self) {
      try state.withLockThenWake { _, wakes throws(CancellationError) in
        wakes.add(parker)
        wakes.add(nil)
        throw CancellationError()
      }
    }
    #expect(parker.permitCount == 1)
    state.withLockThenWake { queue, wakes in queue.wakeFirst(&wakes) }
    #expect(parker.permitCount == 1)
  }

  // MARK: Turns

  @Test func whoFindsItAtOnceNeedsNoWaiter() async {
    var turns = 0
    let found = Waiter<Void, Int>.blockThread(for: (), until: nil) {
      waiter, givingUp -> WaiterTurn<Int> in
      turns += 1
      #expect(waiter == nil && givingUp == nil)
      return .ended(4)
    }
    #expect(found == 4 && turns == 1)
    let suspended = await Waiter<Void, Int>.suspendTask(for: (), until: nil) {
      waiter, _ -> WaiterTurn<Int> in
      turns += 1
      #expect(waiter == nil)
      return .ended(5)
    }
    #expect(suspended == 5 && turns == 2)
  }

  @Test func aWaiterTakesTurnsUntilItGivesUp() async {
    let reasons = Box<[String]>()
    /// Withdraws when it is to, and asks to look again at once before.
    @Sendable func turn(_ waiter: Waiter<Void, Int>?, _ givingUp: GivingUp?)
      throws(CancellationError) -> WaiterTurn<Int>
    {
      reasons.append("\(waiter != nil) \(givingUp.map { "\($0)" } ?? "-")")
      if waiter != nil, givingUp != nil { throw CancellationError() }
      return .sleep(until: .now)
    }
    reasons.value = []
    #expect(throws: CancellationError.self) {
      try Waiter<Void, Int>.blockThread(for: (), until: .now - .seconds(1), turn)
    }
    #expect(reasons.value == ["false deadlinePassed", "true deadlinePassed"])
    reasons.value = []
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      do throws(CancellationError) {
        return try await Waiter<Void, Int>.suspendTask(for: (), until: .now, turn)
      } catch {
        return -1
      }
    }
    task.cancel()
    #expect(await task.value == -1)
    // Cancelled and late is cancelled.
    #expect(reasons.value == ["false cancelled", "true cancelled"])
  }

  @Test func aTurnThatComesToNothingIsTakenAgain() {
    let state = Guarded(WaiterQueue<Void, Int>())
    var turns = 0
    // Each permit comes before the sleep, and ends it.
    let found = Waiter<Void, Int>.blockThread(for: (), until: nil) {
      waiter, _ -> WaiterTurn<Int> in
      turns += 1
      guard let waiter else { return .sleep() }
      let grant = state.withLockThenWake { queue, wakes -> Int? in
        if let grant = waiter.takeGrant() { return grant }
        if !waiter.isQueued { queue.enqueue(waiter) }
        if turns < 5 { queue.wakeFirst(&wakes) } else { queue.grantFirst(9, &wakes) }
        return nil
      }
      return grant.map { .ended($0) } ?? .sleep()
    }
    #expect(found == 9 && turns == 6)
  }

  // MARK: All shapes

  /// Any sequence of steps, beside an array of numbers that does the same.
  @Test func anySequenceOfStepsIsAsInAnArray() {
    var random = SeededRandom()
    for _ in 0..<200 {
      var queue = WaiterQueue<Int, Int>()
      var model: (ahead: [Int], others: [Int]) = ([], [])
      var granted: [Int: Int] = [:]
      let parkers = (0..<8).map { _ in CountedParker() }
      let waiters = parkers.indices.map { Waiter<Int, Int>($0, parker: parkers[$0]) }
      var (enqueued, withdrawn, grants) = (0, 0, 0)
      for step in 0..<60 {
        let index = Int.random(in: 0..<8, using: &random)
        let waiter = waiters[index]
        let isQueued = (model.ahead + model.others).contains(index)
        var wakes = WakeList()
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where !isQueued && granted[index] == nil:
          let isAhead = random.chance(30)
          queue.enqueue(waiter, ahead: isAhead)
          if isAhead { model.ahead.append(index) } else { model.others.append(index) }
          enqueued += 1
        case 1 where !queue.isEmpty:
          let first = model.ahead.first ?? model.others[0]
          if model.ahead.isEmpty { model.others.removeFirst() } else { model.ahead.removeFirst() }
          queue.grantFirst(step, &wakes)
          granted[first] = step
          grants += 1
        case 2:
          #expect(queue.withdraw(waiter) == granted.removeValue(forKey: index))
          model.ahead.removeAll { $0 == index }
          model.others.removeAll { $0 == index }
          withdrawn += isQueued ? 1 : 0
        case 3:
          #expect(waiter.takeGrant() == granted.removeValue(forKey: index))
        default: break
        }
        wakes.wake()
        queue.checkInvariants()
        let all = model.ahead + model.others
        #expect(queue.first?.want == all.first && queue.count == all.count)
        #expect(waiters.filter(\.isQueued).map(\.want) == all.sorted())
        #expect(enqueued == grants + withdrawn + queue.count)
        #expect(parkers.reduce(0) { $0 + $1.permitCount } == grants)
      }
    }
  }
}
