// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

@Suite struct TracerTests {
  @Test func whatIsReceivedAndSentIsTracedAndPassesAsItWas() throws {
    try leakChecked { pool in
      var tracer = Tracer(Loopback(), to: ScriptedSink())
      var packets = try numbered(pool, 5)
      let bytes = contents(packets)
      try tracer.transmit(&packets, due: 77)
      #expect(tracer.traced == 5)
      let (received, state) = try drain(&tracer, pool, upTo: 2)
      #expect(received == [0, 1, 2, 3, 4] && state == .idle)
      #expect(tracer.traced == 10)
      #expect(contents(tracer.trace.kept) == bytes + bytes)
      #expect(numbers(tracer.trace.kept) == received + received)
      #expect(tracer.denied == 0 && tracer.lost == 0)
      #expect(tracer.statistics.input.packets == 5 && tracer.statistics.output.packets == 5)
      try tracer.finish()
      #expect(tracer.trace.finishCount == 1)
    }
  }

  @Test func onlyWhatWasAcceptedIsTraced() throws {
    try leakChecked { pool in
      for (accepts, error) in [(0, nil), (2, nil), (0, InterfaceError.broken), (3, .unfit)] {
        var tracer = Tracer(ScriptedSink([(accepts, error)]), to: ScriptedSink())
        var packets = try numbered(pool, 5)
        if let error {
          #expect(throws: error) { try tracer.transmit(&packets, due: 0) }
        } else {
          try tracer.transmit(&packets, due: 0)
        }
        #expect(numbers(packets) == Array(accepts..<5))
        #expect(numbers(tracer.trace.kept) == Array(0..<accepts))
        #expect(tracer.traced == accepts && tracer.denied == 0 && tracer.lost == 0)
        packets.checkInvariants()
        // What was left goes, and is traced once.
        try tracer.transmit(&packets, due: 0)
        #expect(numbers(tracer.trace.kept) == Array(0..<5))
      }
    }
  }

  @Test func packetsReceivedBeforeAnErrorAreTraced() throws {
    try leakChecked { pool in
      var source = ScriptedSource(try numbered(pool, 4))
      source.errors = [.broken]
      var tracer = Tracer(source, to: ScriptedSink())
      var queue = PacketQueue()
      #expect(throws: InterfaceError.broken) {
        _ = try tracer.receive(upTo: 3, into: &queue, from: pool)
      }
      #expect(numbers(queue) == [0, 1, 2])
      #expect(numbers(tracer.trace.kept) == [0, 1, 2])
      #expect(try tracer.receive(upTo: 3, into: &queue, from: pool) == .ended(nil))
      #expect(numbers(tracer.trace.kept) == [0, 1, 2, 3])
    }
  }

  @Test func aTraceThatFailsLosesRecordsAndNothingElse() throws {
    try leakChecked { pool in
      // One copy is unfit, then there is no room for two, then the trace breaks.
      let script: [(Int, InterfaceError?)] = [(1, .unfit), (1, nil), (1, .broken)]
      var tracer = Tracer(Loopback(), to: ScriptedSink(script))
      var packets = try numbered(pool, 5)
      try tracer.transmit(&packets, due: 0)
      #expect(packets.isEmpty == true)
      #expect(tracer.traced == 2 && tracer.lost == 3 && tracer.traceError == nil)
      packets = try numbered(pool, 5, from: 5)
      try tracer.transmit(&packets, due: 0)
      #expect(tracer.traced == 3 && tracer.lost == 7 && tracer.traceError == .broken)
      #expect(try drain(&tracer, pool).packets == Array(0..<10))
      #expect(tracer.traced == 3 && tracer.lost == 17 && tracer.denied == 0)
    }
  }

  @Test func aTraceThatKeepsNothingLeavesPacketsWritable() throws {
    try leakChecked { pool in
      var tracer = Tracer(Loopback(), to: NullSink())
      var packets = try numbered(pool, 1, byteCount: 500)
      try tracer.transmit(&packets, due: 0)
      _ = try tracer.receive(upTo: 1, into: &packets, from: pool)
      packets.forEach { #expect($0.isWritable == true) }
      #expect(tracer.traced == 2)
    }
  }

  @Test func eachAllocationMayFailAndTheTrafficIsTheSame() throws {
    try leakChecked { pool in
      let attempts = try FailurePlan.forEachAttempt { plan in
        var tracer = Tracer(Loopback(), to: ScriptedSink())
        // Long ones need several mbufs a copy.
        var packets = try numbered(pool, 2, byteCount: 500)
        var long = try numbered(pool, 2, from: 2, byteCount: 5_000)
        packets.append(&long)
        let bytes = contents(packets)
        pool.inject(plan)
        try tracer.transmit(&packets, due: 0)
        var received = PacketQueue()
        let state = try tracer.receive(upTo: 9, into: &received, from: pool)
        pool.inject(nil)
        #expect(state == .idle)
        #expect(contents(received) == bytes)
        #expect(tracer.traced + tracer.denied + tracer.lost == 8)
        #expect((tracer.denied > 0) == (plan.failureCount > 0))
        #expect(tracer.lost == 0)
        let traced = contents(tracer.trace.kept)
        #expect(traced.count == tracer.traced && traced.allSatisfy(bytes.contains))
      }
      #expect(attempts == 16)
    }
  }
}
