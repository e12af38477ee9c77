// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import Synchronization
import TestSupport
import Testing
import Wire

/// The two ends of a ring, as a sink and a source.
@Suite struct RingLinkTests {
  @Test func whatIsSentIsReceivedInOrderAndCounted() throws {
    try leakChecked { pool in
      let link = RingLink(limitInPackets: 5)
      var sink = link.sink
      var source = link.source
      var packets = try numbered(pool, 8)
      try sink.transmit(&packets)
      #expect(numbers(packets) == [5, 6, 7])
      packets.checkInvariants()
      #expect(sink.statistics.output.packets == 5 && sink.statistics.output.bytes == 300)
      #expect(source.wait(milliseconds: 0) == true)
      var received = try drain(&source, pool, upTo: 2)
      #expect(received.packets == [0, 1, 2, 3, 4] && received.state == .idle)
      #expect(source.wait(milliseconds: 1) == false)
      try sink.transmit(&packets)
      #expect(packets.isEmpty == true && sink.statistics.output.packets == 8)
      sink.finish()
      received = try drain(&source, pool)
      #expect(received.packets == [5, 6, 7] && received.state == .ended(nil))
      #expect(source.statistics.input == sink.statistics.output)
      packets = try numbered(pool, 1)
      let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
      #expect(error?.kind == .closed && packets.packetCount == 1)
    }
  }

  @Test func whatMayNotPassStaysAndThoseBeforeItAreAccepted() throws {
    try leakChecked { pool in
      let link = RingLink(LinkTraits(linkType: .ethernet, mtu: 100), limitInPackets: 4)
      var sink = link.sink
      var source = link.source
      var packets = try numbered(pool, 2)
      var long = try numbered(pool, 1, from: 2, byteCount: 115)
      packets.append(&long)
      var others = try numbered(pool, 1, from: 3, linkType: .raw)
      packets.append(&others)
      let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
      #expect(error?.kind == .tooLong(byteCount: 115, limit: 114))
      #expect(numbers(packets) == [2, 3])
      _ = packets.dequeue()
      let other = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
      #expect(other?.kind == .wrongLinkType(.raw, wanted: .ethernet))
      #expect(try drain(&source, pool).packets == [0, 1])
      // A ring that is full comes before a packet that is at fault.
      var front = try numbered(pool, 5, from: 4)
      packets.putBack(&front)
      try sink.transmit(&packets)
      #expect(numbers(packets) == [8, 3] && sink.statistics.output.packets == 6)
    }
  }

  @Test func theSourceIsToldWhyTheSinkEnded() throws {
    try leakChecked { pool in
      let link = RingLink()
      var sink = link.sink
      var source = link.source
      var packets = try numbered(pool, 1)
      try sink.transmit(&packets)
      let cut = InterfaceError(.cut, "the capture ends early")
      sink.finish(with: cut)
      let received = try drain(&source, pool)
      #expect(received.packets == [0] && received.state == .ended(cut))
    }
  }

  @Test func aSinkWhoseSourceHasEndedIsClosed() throws {
    try leakChecked { pool in
      let link = RingLink(limitInPackets: 2)
      var sink = link.sink
      end(link.source)
      #expect(sink.waitForRoom() == true)
      var packets = try numbered(pool, 1)
      let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
      #expect(error?.kind == .closed && packets.packetCount == 1)
      #expect(sink.statistics.output.total == 0)
    }
  }

  private func end(_ source: consuming RingLink.Source) {}

  @Test func twoThreadsPassPacketsOnAndSleepMeanwhile() throws {
    leakChecked { pool in
      let total = Steps.of(200_000)
      let link = RingLink(LinkTraits(linkType: .ethernet, mtu: 1_500), limitInPackets: 50)
      let left = Mutex<RingLink.Sink?>(link.sink)
      let right = Mutex<RingLink.Source?>(link.source)
      let wrong = Atomic(0)
      let seen = Atomic(0)
      onThreads(2) { thread in
        if thread == 0 {
          guard var sink = left.withLock({ $0.take() }) else { return }
          for first in stride(from: 0, to: total, by: 20) {
            guard var packets = try? numbered(pool, 20, from: first) else { continue }
            while !packets.isEmpty {
              if (try? sink.transmit(&packets)) == nil { wrong.add(1, ordering: .relaxed) }
              if !packets.isEmpty { _ = sink.waitForRoom() }
            }
          }
          sink.finish()
        } else {
          guard var source = right.withLock({ $0.take() }) else { return }
          var next = 0
          while let part = try? drain(&source, pool) {
            if part.packets != Array(next..<next + part.packets.count) {
              wrong.add(1, ordering: .relaxed)
            }
            next += part.packets.count
            if case .ended = part.state { break }
            _ = source.wait(milliseconds: -1)
          }
          seen.store(next, ordering: .relaxed)
        }
      }
      #expect(wrong.load(ordering: .relaxed) == 0)
      #expect(seen.load(ordering: .relaxed) == total)
    }
  }
}
