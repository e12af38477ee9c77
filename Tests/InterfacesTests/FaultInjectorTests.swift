// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

@Suite struct FaultInjectorTests {
  /// Faults by the bits of a number: every combination is below 64.
  private func faults(_ combination: Int) -> Faults {
    var faults = Faults()
    if combination & 1 != 0 { faults.dropChance = 0.2 }
    if combination & 2 != 0 { faults.duplicateChance = 0.2 }
    if combination & 4 != 0 { faults.corruptChance = 0.2 }
    if combination & 8 != 0 { faults.reorderChance = 0.2 }
    if combination & 16 != 0 {
      faults.delayInNanoseconds = 1_000
      faults.jitterInNanoseconds = 5_000
    }
    if combination & 32 != 0 {
      faults.bitsPerSecond = 100_000_000
      faults.limitInPackets = 20
    }
    return faults
  }

  /// Sends 200 packets in batches through faults in both directions of a loopback that holds 50.
  ///
  /// - Returns: what came back, and what happened.
  private func run(
    _ combination: Int, seed: UInt64, _ pool: MbufPool
  ) throws -> (contents: [[UInt8]], in: FaultCounts, out: FaultCounts) {
    var link = FaultInjector(
      Loopback(limitInPackets: 50), incoming: faults(combination), outgoing: faults(combination),
      seed: seed)
    var received = PacketQueue()
    var accepted = 0
    for batch in 0..<20 {
      var packets = try numbered(pool, 10, from: batch * 10, byteCount: 200)
      link.nowInNanoseconds += 2_000
      while !packets.isEmpty {
        let before = packets.packetCount
        try link.transmit(&packets, due: 0)
        accepted += before - packets.packetCount
        if !packets.isEmpty {
          _ = try link.receive(upTo: 8, into: &received, from: pool)
          link.nowInNanoseconds += 1_000
        }
        link.checkInvariants()
      }
      #expect(
        accepted + link.outgoingCounts.duplicated
          == link.statistics.output.total + link.queuedPacketCount)
    }
    // All that is held comes out: of the outgoing line by finishing, of the other by its time.
    var state = SourceState.more
    link.nowInNanoseconds = 1 << 40
    for _ in 0..<100 where link.outgoingHeldPacketCount > 0 {
      try link.push()
      _ = try link.receive(upTo: 8, into: &received, from: pool)
      link.checkInvariants()
    }
    try link.finish()
    #expect(link.queuedPacketCount == 0)
    while state == .more || state == .idle {
      link.nowInNanoseconds = link.nextReleaseInNanoseconds ?? link.nowInNanoseconds
      state = try link.receive(upTo: 8, into: &received, from: pool)
      link.checkInvariants()
    }
    #expect(state == .ended(nil))
    #expect(link.incomingHeldPacketCount == 0 && link.outgoingHeldPacketCount == 0)
    #expect(link.statistics.input.packets == received.packetCount)
    #expect(link.statistics.input.bytes == received.byteCount)
    #expect(link.outgoingCounts.entered == 200 && accepted == 200)
    #expect(link.incomingCounts.entered == link.outgoingCounts.left)
    #expect(link.incomingCounts.left == received.packetCount)
    #expect(
      link.dropsByReason.reduce(0) { $0 + $1.count } == link.statistics.output.drops)
    return (contents(received), link.incomingCounts, link.outgoingCounts)
  }

  @Test(arguments: 0..<64)
  func everyCombinationKeepsItsAccountsAndItsSeedDecidesAll(_ combination: Int) throws {
    try leakChecked { pool in
      let first = try run(combination, seed: 1, pool)
      let second = try run(combination, seed: 1, pool)
      #expect(first == second)
      let out = first.out
      #expect((out.dropped > 0) == (combination & 1 != 0))
      #expect((out.duplicated > 0) == (combination & 2 != 0))
      #expect((out.corrupted > 0) == (combination & 4 != 0))
      #expect((out.reordered > 0) == (combination & 8 != 0))
      #expect(out.denied == 0 && out.refused == 0 && first.in.refused == 0)
      if combination != 0, combination & 15 != 0 {
        #expect(try run(combination, seed: 2, pool) != first)
      }
      if combination & 47 == 0 {
        // Without faults, or with a delay, everything arrives in order.
        #expect(first.contents == contents(try numbered(pool, 200, byteCount: 200)))
      }
    }
  }

  @Test func aPacketThatIsCorruptedDiffersInOneBitAndNoOtherPacketSeesIt() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.corruptChance = 1
      for byteCount in [1, 100, 500, 5_000] {
        var link = FaultInjector(Loopback(), outgoing: faults, seed: 3)
        var packets = PacketQueue()
        var originals = PacketQueue()
        for number in 0..<20 {
          var queue = try numbered(pool, 1, from: number, byteCount: byteCount)
          guard var packet = queue.dequeue() else { continue }
          originals.enqueue(try packet.sharedCopy())
          packets.enqueue(packet)
        }
        let before = contents(originals)
        try link.transmit(&packets, due: 0)
        _ = try link.receive(upTo: 99, into: &packets, from: pool)
        #expect(contents(originals) == before)
        for (old, new) in zip(before, contents(packets)) {
          #expect(zip(old, new).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount } == 1)
        }
        #expect(link.outgoingCounts.corrupted == 20)
      }
    }
  }

  @Test func aPacketOfNoBytesIsNotCorrupted() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.corruptChance = 1
      var link = FaultInjector(NullSink(), outgoing: faults, seed: 3)
      var packets = try numbered(pool, 3, byteCount: 0)
      try link.transmit(&packets, due: 0)
      #expect(link.outgoingCounts.left == 3 && link.outgoingCounts.corrupted == 0)
    }
  }

  @Test func aDelayIsExactAndKeepsTheOrder() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.delayInNanoseconds = 500
      var link = FaultInjector(ScriptedSink(), outgoing: faults, seed: 1)
      for time in [0, 100, 200] as [Int64] {
        link.nowInNanoseconds = time
        var packets = try numbered(pool, 1, from: Int(time))
        try link.transmit(&packets, due: 0)
      }
      let steps: [(time: Int64, next: Int64, out: [Int])] = [
        (499, 500, []), (500, 500, [0]), (599, 600, [0]), (700, 600, [0, 100, 200]),
      ]
      for (time, next, out) in steps {
        #expect(link.nextReleaseInNanoseconds == next)
        link.nowInNanoseconds = time
        try link.push()
        #expect(numbers(link.wrapped.kept) == out)
      }
      #expect(link.nextReleaseInNanoseconds == nil)
    }
  }

  @Test func aRateLetsSoManyBitsPassInASecond() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.bitsPerSecond = 8_000
      faults.limitInPackets = 5
      var link = FaultInjector(ScriptedSink(), outgoing: faults, seed: 1)
      // 100 bytes take a tenth of a second; 5 wait, the other 3 are lost.
      var packets = try numbered(pool, 8, byteCount: 100)
      try link.transmit(&packets, due: 0)
      #expect(link.outgoingCounts.overflowed == 3)
      for count in 0...5 {
        link.nowInNanoseconds = Int64(count) * 100_000_000 - 1
        try link.push()
        #expect(link.wrapped.kept.packetCount == Swift.max(0, count - 1))
        link.nowInNanoseconds += 1
        try link.push()
        #expect(link.wrapped.kept.packetCount == count)
      }
      #expect(link.dropsByReason.map(\.count) == [3])
    }
  }

  @Test func aPacketIsOvertakenByAtMostSoManyAndByTheEndGoesOn() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.reorderChance = 0.5
      faults.reorderDepth = 2
      var link = FaultInjector(ScriptedSink(), outgoing: faults, seed: 5)
      var packets = try numbered(pool, 500)
      try link.transmit(&packets, due: 0)
      try link.finish()
      let out = numbers(link.wrapped.kept)
      #expect(out.sorted() == Array(0..<500) && out != Array(0..<500))
      for (place, number) in out.enumerated() { #expect(place - number <= 2) }
      #expect(link.wrapped.finishCount == 1)
    }
  }

  @Test func aSinkThatIsFullIsFeltInFront() throws {
    try leakChecked { pool in
      var link = FaultInjector(ScriptedSink([(2, nil), (0, nil), (9, nil)]), seed: 1)
      var packets = try numbered(pool, 4)
      try link.transmit(&packets, due: 5)
      #expect(packets.isEmpty == true)
      #expect(link.queuedPacketCount == 2)
      packets = try numbered(pool, 2, from: 4)
      try link.transmit(&packets, due: 6)
      #expect(numbers(packets) == [4, 5])
      try link.transmit(&packets, due: 7)
      #expect(packets.isEmpty == true)
      #expect(numbers(link.wrapped.kept) == Array(0..<6))
      #expect(link.wrapped.dues == [5, 6, 7, 7])
      link.checkInvariants()
    }
  }

  @Test func aPacketThatIsRefusedBehindIsDroppedAndOtherFailuresAreThrownOn() throws {
    try leakChecked { pool in
      var link = FaultInjector(ScriptedSink([(1, .unfit), (1, .broken)]), seed: 1)
      var packets = try numbered(pool, 5)
      #expect(throws: InterfaceError.broken) { try link.transmit(&packets, due: 0) }
      link.checkInvariants()
      #expect(numbers(link.wrapped.kept) == [0, 2])
      #expect(link.outgoingCounts.refused == 1 && link.queuedPacketCount == 2)
      try link.finish()
      #expect(numbers(link.wrapped.kept) == [0, 2, 3, 4])
      packets = try numbered(pool, 1, from: 9)
      #expect(throws: InterfaceError.self) { try link.transmit(&packets, due: 0) }
      #expect(numbers(packets) == [9])
      #expect(link.statistics.output.drops == 1)
    }
  }

  @Test func whatAFailingSinkDoesNotTakeInTheEndIsCounted() throws {
    try leakChecked { pool in
      var link = FaultInjector(
        ScriptedSink([(1, .broken), (1, .broken)]), seed: 1)
      var packets = try numbered(pool, 5)
      #expect(throws: InterfaceError.broken) { try link.transmit(&packets, due: 0) }
      #expect(throws: InterfaceError.broken) { try link.finish() }
      link.checkInvariants()
      #expect(link.wrapped.finishCount == 1)
      #expect(link.outgoingCounts.left == 2 && link.outgoingCounts.refused == 3)
      #expect(link.queuedPacketCount == 0)
    }
  }

  @Test func packetsReceivedBeforeAnErrorComeThrough() throws {
    try leakChecked { pool in
      var source = ScriptedSource(try numbered(pool, 4))
      source.errors = [.broken]
      source.end = .ended(InterfaceError(.cut, "read"))
      var link = FaultInjector(source, seed: 1)
      var queue = PacketQueue()
      #expect(throws: InterfaceError.broken) {
        _ = try link.receive(upTo: 3, into: &queue, from: pool)
      }
      #expect(numbers(queue) == [0, 1, 2])
      #expect(
        try link.receive(upTo: 3, into: &queue, from: pool) == .ended(InterfaceError(.cut, "read")))
      #expect(numbers(queue) == [0, 1, 2, 3])
    }
  }

  @Test func eachAllocationMayFailAndEveryPacketIsAccountedFor() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.duplicateChance = 1
      faults.corruptChance = 1
      var deniedRuns = 0
      let attempts = try FailurePlan.forEachAttempt { plan in
        var link = FaultInjector(Loopback(), incoming: faults, outgoing: faults, seed: 7)
        var packets = try numbered(pool, 2, byteCount: 3_000)
        pool.inject(plan)
        try link.transmit(&packets, due: 0)
        var received = PacketQueue()
        let state = try link.receive(upTo: 99, into: &received, from: pool)
        pool.inject(nil)
        #expect(state == .idle)
        link.checkInvariants()
        let (out, back) = (link.outgoingCounts, link.incomingCounts)
        #expect(received.packetCount == 2 + out.duplicated + back.duplicated)
        // A pool may find another way to an item; what it does not find is counted.
        if plan.failureCount == 0 { #expect(received.packetCount == 8 && out.denied == 0) }
        if received.packetCount < 8 { #expect(out.denied + back.denied > 0) }
        if out.denied + back.denied > 0 { deniedRuns += 1 }
      }
      #expect(attempts > 10 && deniedRuns > attempts)
    }
  }

  @Test func wrappersComposeInAnyOrder() throws {
    try leakChecked { pool in
      var faults = Faults()
      faults.dropChance = 0.5
      var link = Tracer(
        FaultInjector(Tracer(Loopback(), to: ScriptedSink()), outgoing: faults, seed: 1),
        to: ScriptedSink())
      var packets = try numbered(pool, 50)
      try link.transmit(&packets, due: 0)
      let (received, _) = try drain(&link, pool)
      #expect(link.traced == 50 + received.count)
      #expect(link.wrapped.wrapped.traced == 2 * received.count)
      #expect(link.wrapped.outgoingCounts.dropped == 50 - received.count)
      #expect(link.dropsByReason.map(\.reason) == ["fault_dropped"])
      #expect(link.statistics.output.drops == 50 - received.count)
    }
  }

  @Test func chancesAreBetween0And1() async {
    await #expect(processExitsWith: .failure) {
      var faults = Faults()
      faults.dropChance = 1.5
      _ = FaultInjector(NullSink(), outgoing: faults, seed: 1)
    }
  }
}
