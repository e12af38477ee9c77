// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Synchronization
import TestSupport
import Testing
import UMA
import Wire

/// What a waiting reader came back with: the bytes of a datagram, or why not.
private typealias Result = Swift.Result<Int, SocketError>

private final class Results: Sendable {
  private let all = Guarded<[Int: Result]>([:])
  subscript(_ index: Int) -> Result? { all.withLock { $0[index] } }
  var count: Int { all.withLock { $0.count } }
  func set(_ index: Int, _ result: Result) { all.withLock { $0[index] = result } }
}

extension DatagramSocket {
  fileprivate func receivedByteCount(until deadline: ContinuousClock.Instant? = nil) -> Result {
    do throws(SocketError) {
      let datagram = try receive(until: deadline)
      return .success(datagram.packet.byteCount)
    } catch {
      return .failure(error)
    }
  }

  fileprivate func awaitedByteCount(until deadline: ContinuousClock.Instant? = nil) async
    -> Result
  {
    do throws(SocketError) {
      let datagram = try await receiveWhenAvailable(until: deadline)
      return .success(datagram.packet.byteCount)
    } catch {
      return .failure(error)
    }
  }

  /// Lets other threads run until so many readers wait.
  fileprivate func untilWaiting(_ count: Int) {
    while waitingCount != count { letOthersRun() }
  }

  fileprivate func untilWaitingAsync(_ count: Int) async {
    while waitingCount != count { await Task.yield() }
  }
}

@Suite struct DatagramSocketWaitTests {
  @Test func threadsThatWaitAreServedInTheOrderTheyCame() throws {
    let pool = MbufPool()
    let socket = socket(pool)
    let results = Results()
    var threads = startThreads(0) { _ in }
    for index in 0..<5 {
      threads += startThreads(1) { _ in results.set(index, socket.receivedByteCount()) }
      socket.untilWaiting(index + 1)
    }
    for index in 0..<5 {
      #expect(socket.deliver(try packet(pool, index), from: alice) == .delivered)
      socket.checkInvariants()
      // It was handed over: who does not wait cannot overtake.
      if try socket.tryReceive() != nil { Issue.record("overtaken") }
      #expect(socket.waitingCount == 4 - index)
    }
    join(threads)
    for index in 0..<5 { #expect(results[index] == .success(index)) }
    #expect(pool.outstanding == 0)
  }

  @Test func aDeadlineTakesTheReaderOutOfTheQueueAndNothingWithIt() throws {
    let pool = MbufPool()
    let socket = socket(pool)
    #expect(socket.receivedByteCount(until: .now) == .failure(.deadlinePassed))
    #expect(
      socket.receivedByteCount(until: .now + .milliseconds(5)) == .failure(.deadlinePassed))
    #expect(
      error { () throws(SocketError) in try socket.waitUntilReadable(until: .now) }
        == .deadlinePassed)
    #expect(socket.waitingCount == 0)
    socket.deliver(try packet(pool, 3), from: alice)
    // What is there is received, late or not.
    #expect(socket.receivedByteCount(until: .now - .seconds(1)) == .success(3))
    #expect(pool.outstanding == 0)
  }

  @Test func whoOnlyLooksLeavesTheDatagramToTheNext() throws {
    let pool = MbufPool()
    let socket = socket(pool)
    let results = Results()
    var threads = startThreads(1) { _ in
      let failure = error { () throws(SocketError) in try socket.waitUntilReadable() }
      results.set(0, failure.map { .failure($0) } ?? .success(-1))
    }
    socket.untilWaiting(1)
    threads += startThreads(1) { _ in results.set(1, socket.receivedByteCount()) }
    socket.untilWaiting(2)
    socket.deliver(try packet(pool, 7), from: alice)
    join(threads)
    #expect(results[0] == .success(-1) && results[1] == .success(7))
    #expect(pool.outstanding == 0)
  }

  @Test func theLowWaterMarkIsForThoseWhoWait() throws {
    let pool = MbufPool()
    let socket = socket(pool, receiveLimit: 300)
    // Each datagram has 16 bytes of addresses.
    socket.lowWater = 200
    let results = Results()
    var threads = startThreads(1) { _ in results.set(0, socket.receivedByteCount()) }
    socket.untilWaiting(1)
    socket.deliver(try packet(pool, 50), from: alice)
    socket.checkInvariants()
    #expect(socket.waitingCount == 1 && socket.recordCount == 1)
    socket.deliver(try packet(pool, 150), from: alice)
    join(threads)
    #expect(results[0] == .success(50))
    // 166 bytes are below it; a refusal ends the wait, since more cannot come.
    threads = startThreads(1) { _ in results.set(1, socket.receivedByteCount()) }
    socket.untilWaiting(1)
    #expect(socket.deliver(try packet(pool, 150), from: alice) == .full)
    join(threads)
    #expect(results[1] == .success(150))
    // So does a lower mark, and the end.
    threads = startThreads(1) { _ in results.set(2, socket.receivedByteCount()) }
    socket.untilWaiting(1)
    socket.deliver(try packet(pool, 10), from: alice)
    #expect(socket.waitingCount == 1)
    socket.lowWater = 1
    join(threads)
    socket.lowWater = 200
    threads = startThreads(1) { _ in results.set(3, socket.receivedByteCount()) }
    socket.untilWaiting(1)
    socket.deliver(try packet(pool, 11), from: alice)
    socket.endInput()
    join(threads)
    #expect(results[2] == .success(10) && results[3] == .success(11))
    #expect(socket.receivedByteCount() == .failure(.ended))
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [DatagramSocket.Direction.receiving, .both])
  func aShutdownWakesAll(direction: DatagramSocket.Direction) async throws {
    let pool = MbufPool()
    let socket = socket(pool)
    let results = Results()
    let threads = startThreads(3) { index in
      if index == 0 {
        let failure = error { () throws(SocketError) in try socket.waitUntilReadable() }
        results.set(index, failure.map { .failure($0) } ?? .success(-1))
      } else {
        results.set(index, socket.receivedByteCount())
      }
    }
    let task = Task { await socket.awaitedByteCount() }
    await socket.untilWaitingAsync(4)
    socket.shutdown(.sending)
    #expect(socket.waitingCount == 4)
    socket.shutdown(direction)
    #expect(await task.value == .failure(.ended))
    join(threads)
    #expect(results[0] == .success(-1))
    #expect(results[1] == .failure(.ended) && results[2] == .failure(.ended))
    socket.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func anErrorGoesToTheFirstWhoWaitsAndToNoOther() throws {
    let pool = MbufPool()
    let socket = socket(pool)
    let results = Results()
    var threads = startThreads(0) { _ in }
    for index in 0..<2 {
      threads += startThreads(1) { _ in results.set(index, socket.receivedByteCount()) }
      socket.untilWaiting(index + 1)
    }
    socket.report(errorNumber: 111)
    #expect(socket.waitingCount == 1)
    socket.deliver(try packet(pool, 2), from: alice)
    join(threads)
    #expect(results[0] == .failure(.pending(errorNumber: 111)) && results[1] == .success(2))
  }

  @Test func aCancelledTaskLeavesTheQueueAndTheNextIsServed() async throws {
    let pool = MbufPool()
    let socket = socket(pool)
    let first = Task { await socket.awaitedByteCount() }
    await socket.untilWaitingAsync(1)
    let second = Task { await socket.awaitedByteCount() }
    await socket.untilWaitingAsync(2)
    first.cancel()
    #expect(await first.value == .failure(.cancelled))
    #expect(socket.waitingCount == 1)
    socket.deliver(try packet(pool, 6), from: alice)
    #expect(await second.value == .success(6))
    // Cancelled before it waits, and late before it waits.
    let third = Task {
      while !Task.isCancelled { await Task.yield() }
      return await socket.awaitedByteCount()
    }
    third.cancel()
    #expect(await third.value == .failure(.cancelled))
    #expect(await socket.awaitedByteCount(until: .now) == .failure(.deadlinePassed))
    #expect(
      await socket.awaitedByteCount(until: .now + .milliseconds(5)) == .failure(.deadlinePassed))
    let looker = Task { () -> SocketError? in
      do throws(SocketError) {
        try await socket.becomesReadable()
        return nil
      } catch {
        return error
      }
    }
    await socket.untilWaitingAsync(1)
    socket.deliver(try packet(pool, 8), from: alice)
    #expect(await looker.value == nil)
    #expect(await socket.awaitedByteCount() == .success(8))
    #expect(pool.outstanding == 0)
  }

  /// Readers of every kind come and give up at any moment; every datagram is received exactly once.
  @Test func noDatagramIsLostAndNoneComesTwice() async throws {
    let pool = MbufPool()
    let socket = socket(pool, receiveLimit: 2_000)
    let perWriter = 2_000
    let received = Atomic(0)
    let sum = Atomic(0)
    let delivered = Atomic(0)
    let deliveredSum = Atomic(0)
    @Sendable func count(_ result: Result) -> Bool {
      switch result {
      case .success(let byteCount):
        received.add(1, ordering: .relaxed)
        sum.add(byteCount, ordering: .relaxed)
        return true
      case .failure(let error): return error != .ended
      }
    }
    let readers = startThreads(3) { index in
      var turn = index
      var goesOn = true
      while goesOn {
        turn += 1
        let deadline: ContinuousClock.Instant? =
          turn % 3 == 0 ? nil : .now + .microseconds(turn % 50)
        if turn % 7 == 0 {
          _ = error { () throws(SocketError) in try socket.waitUntilReadable(until: deadline) }
        }
        goesOn = count(socket.receivedByteCount(until: deadline))
      }
    }
    let task = Task {
      var turn = 0
      var goesOn = true
      while goesOn {
        turn += 1
        let one = Task { await socket.awaitedByteCount(until: .now + .milliseconds(20)) }
        if turn % 4 == 0 { one.cancel() }
        goesOn = count(await one.value)
      }
    }
    let writers = startThreads(2) { index in
      var random = SeededRandom(seed: UInt64(index))
      for turn in 0..<perWriter {
        let byteCount = Int.random(in: 0..<60, using: &random)
        guard let packet = try? packet(pool, byteCount) else { continue }
        if socket.deliver(packet, from: alice) == .delivered {
          delivered.add(1, ordering: .relaxed)
          deliveredSum.add(byteCount, ordering: .relaxed)
        }
        if turn % 64 == 0 { socket.checkInvariants() }
      }
    }
    join(writers)
    socket.endInput()
    join(readers)
    await task.value
    #expect(received.load(ordering: .relaxed) == delivered.load(ordering: .relaxed))
    #expect(sum.load(ordering: .relaxed) == deliveredSum.load(ordering: .relaxed))
    #expect(delivered.load(ordering: .relaxed) + Int(socket.drops) == 2 * perWriter)
    #expect(socket.recordCount == 0 && socket.waitingCount == 0)
    socket.checkInvariants()
    #expect(pool.outstanding == 0)
  }
}
