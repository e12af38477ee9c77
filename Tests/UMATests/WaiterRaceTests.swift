// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import UMA

/// Numbered tokens that are handed out one by one, first come first served: the least that waits.
private final class TokenDesk: Sendable {
  enum Grant: ~Copyable {
    case token(Int)
    case closed
  }

  private struct State: ~Copyable {
    var tokens: [Int] = []
    var waiters = WaiterQueue<Void, Grant>()
    var isClosed = false
    var grantCount = 0
  }

  private let state = Guarded(State())

  var waitingCount: Int { state.withLock { $0.waiters.count } }
  var grantCount: Int { state.withLock { $0.grantCount } }

  /// What is left, with nobody waiting.
  func leftovers() -> [Int] {
    state.withLock { state in
      state.waiters.checkInvariants()
      precondition(state.waiters.isEmpty, "\(state.waiters.count) wait")
      return state.tokens
    }
  }

  /// Hands a token to the first who waits, or keeps it for who comes.
  func give(_ token: Int) {
    state.withLockThenWake { state, wakes in
      if state.waiters.isEmpty {
        state.tokens.append(token)
      } else {
        state.grantCount += 1
        state.waiters.grantFirst(.token(token), &wakes)
      }
    }
  }

  func close() {
    state.withLockThenWake { state, wakes in
      state.isClosed = true
      state.waiters.grantAll(&wakes) { .closed }
    }
  }

  enum Failure: Error { case closed, deadlinePassed, cancelled }

  func take(until deadline: ContinuousClock.Instant?) throws(Failure) -> Int {
    try Waiter<Void, Grant>.blockThread(for: (), until: deadline, turn)
  }

  func takeWhenThere(until deadline: ContinuousClock.Instant?) async throws(Failure) -> Int {
    try await Waiter<Void, Grant>.suspendTask(for: (), until: deadline) {
      (waiter, givingUp) throws(Failure) in try turn(waiter, givingUp)
    }
  }

  private func turn(
    _ waiter: Waiter<Void, Grant>?, _ givingUp: GivingUp?
  ) throws(Failure) -> WaiterTurn<Int> {
    try state.withLock { state throws(Failure) in
      if let waiter,
        let grant = givingUp == nil ? waiter.takeGrant() : state.waiters.withdraw(waiter)
      {
        switch consume grant {
        case .token(let token): return .ended(token)
        case .closed: throw .closed
        }
      }
      // Who waits already may not overtake who came before.
      if waiter?.isQueued != true, state.waiters.isEmpty, !state.tokens.isEmpty {
        return .ended(state.tokens.removeFirst())
      }
      if state.isClosed { throw .closed }
      switch givingUp {
      case .deadlinePassed: throw .deadlinePassed
      case .cancelled: throw .cancelled
      case nil: break
      }
      if let waiter, !waiter.isQueued { state.waiters.enqueue(waiter) }
      return .sleep()
    }
  }
}

/// Which tokens were used, and how often.
private final class Tally: Sendable {
  private let uses = Guarded<[Int: Int]>([:])
  func use(_ token: Int) { uses.withLock { $0[token, default: 0] += 1 } }
  var numbers: [Int] { uses.withLock { $0.keys.sorted() } }
  var usedTwice: [Int] { uses.withLock { $0.filter { $0.value > 1 }.keys.sorted() } }
}

@Suite(.timeLimit(.minutes(5))) struct WaiterRaceTests {
  /// Every token is used exactly once, and everybody hears of the end.
  ///
  /// Threads and tasks wait with deadlines that pass as the grants come, and are cancelled; some hand
  /// on what they got.
  @Test(arguments: [1, 3])
  func everyGrantIsUsedOnceOrHandedOn(giverCount: Int) async {
    let desk = TokenDesk()
    let tally = Tally()
    let tokenCount = 3_000
    let ended = Stage()
    let gaveUp = Stage()
    /// False at the end.
    @Sendable func settle(_ result: Result<Int, TokenDesk.Failure>, handsOn: Bool) -> Bool {
      switch result {
      case .success(let token):
        if handsOn { desk.give(token) } else { tally.use(token) }
        return true
      case .failure(let failure):
        if failure != .closed { gaveUp.advance() }
        return failure != .closed
      }
    }
    let takers = startThreads(4) { index in
      var turn = index
      var goesOn = true
      while goesOn {
        turn += 1
        // One in four has all the time in the world: a forgotten one would never end.
        let deadline: ContinuousClock.Instant? =
          turn % 4 == 0 ? nil : .now + .microseconds(turn % 40)
        let result = Result { () throws(TokenDesk.Failure) in try desk.take(until: deadline) }
        goesOn = settle(result, handsOn: turn % 5 == 0)
      }
      ended.advance()
    }
    let task = Task {
      var turn = 0
      var goesOn = true
      while goesOn {
        turn += 1
        let deadline: ContinuousClock.Instant? = turn % 3 == 0 ? nil : .now + .microseconds(200)
        let one = Task { () -> Result<Int, TokenDesk.Failure> in
          do throws(TokenDesk.Failure) {
            return .success(try await desk.takeWhenThere(until: deadline))
          } catch {
            return .failure(error)
          }
        }
        if turn % 2 == 0 { one.cancel() }
        goesOn = settle(await one.value, handsOn: turn % 5 == 0)
      }
      ended.advance()
    }
    let givers = startThreads(giverCount) { index in
      for token in stride(from: index, to: tokenCount, by: giverCount) {
        desk.give(token)
        if token % 3 == 0 { letOthersRun() }
      }
    }
    join(givers)
    desk.close()
    join(takers)
    await task.value
    #expect(ended.value == 5)
    #expect(tally.usedTwice == [])
    #expect((tally.numbers + desk.leftovers()).sorted() == Array(0..<tokenCount))
  }

  /// Nobody has a deadline: as many takers as tokens, and each gets one, or a wake-up was lost.
  @Test func whoWaitsForEverIsServed() {
    let desk = TokenDesk()
    let tally = Tally()
    let (takerCount, perTaker) = (6, 500)
    let takers = startThreads(takerCount) { _ in
      for _ in 0..<perTaker {
        guard let token = try? desk.take(until: nil) else { return }
        tally.use(token)
      }
    }
    let givers = startThreads(2) { index in
      for token in stride(from: index, to: takerCount * perTaker, by: 2) {
        // Mostly somebody waits by then.
        if token % 4 < 2 { while desk.waitingCount == 0 { letOthersRun() } }
        desk.give(token)
      }
    }
    join(givers + takers)
    #expect(tally.usedTwice == [] && tally.numbers == Array(0..<takerCount * perTaker))
    #expect(desk.leftovers() == [] && desk.grantCount > 0)
  }

  /// One token and a deadline that passes as it comes, again and again: whoever of the two is first,
  /// the token is with the waiter or back on the desk, and never both.
  @Test func aDeadlineAndAGrantAtOneMoment() {
    for round in 0..<2_000 {
      let desk = TokenDesk()
      let begin = Stage()
      let giver = startThreads(1) { _ in
        begin.wait(for: 1)
        desk.give(round)
      }
      begin.advance()
      let token = try? desk.take(until: .now + .microseconds(round % 60))
      join(giver)
      let left = desk.leftovers()
      #expect(token == nil ? left == [round] : token == round && left == [])
    }
  }
}
