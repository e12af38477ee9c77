// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// Frames that are sent onto one end of a cable and received by AF_XDP at the other.
  @Suite struct XDPReceiveTests {
    /// A socket on an interface; nil with a printed reason where the kernel has none.
    private static func open(
      _ name: String = "vb0", _ direction: XDPSocket.Direction = .receiving, slotCount: Int = 4_096,
      function: String = #function
    ) throws -> XDPSocket? {
      do throws(InterfaceError) {
        return try XDPSocket(name, direction, slotCount: slotCount)
      } catch {
        switch error.kind {
        case .system(_, EAFNOSUPPORT), .system(_, ENOSYS), .system(_, EPERM):
          print("skipped \(function): \(error)")
          return nil
        default: throw error
        }
      }
    }

    /// Takes what comes until there are so many frames or it took too long.
    private static func receive<Source: PacketSource & ~Copyable>(
      _ count: Int, _ source: inout Source, _ pool: MbufPool, within time: Duration = .seconds(10)
    ) throws -> [[UInt8]] {
      var frames: [[UInt8]] = []
      let deadline = ContinuousClock.now + time
      while frames.count < count, ContinuousClock.now < deadline {
        var packets = PacketQueue()
        if try source.receive(upTo: 64, into: &packets, from: pool) == .idle {
          _ = source.wait(milliseconds: 10)
        }
        while let packet = packets.dequeue() { frames.append([UInt8](copying: packet)) }
      }
      return frames
    }

    @Test func framesArriveWholeAndInOrder() throws {
      try Network.with {
        guard var right = try Self.open(slotCount: 256) else { return }
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        // Many times as many as there are slots, so that each is used again.
        let sent = (0..<5_000).map { frame($0, byteCount: 60 + $0 % 1_455) }
        var received: [[UInt8]] = []
        let before = Int64(time(nil)) * 1_000_000_000
        for start in stride(from: 0, to: sent.count, by: 100) {
          var packets = try queue(Array(sent[start..<start + 100]), pool)
          try left.transmit(&packets)
          #expect(packets.packetCount == 0)
          received += try Self.receive(100, &right, pool)
        }
        #expect(received == sent)
        #expect(right.statistics.input.packets == sent.count)
        #expect(right.statistics.input.bytes == sent.reduce(0) { $0 + $1.count })
        #expect(right.statistics.input.drops == 0 && right.inputDropsByReason.isEmpty)
        #expect(pool.outstanding == 0)
        var packets = try queue([frame(1)], pool)
        try left.transmit(&packets)
        _ = right.wait(milliseconds: 5_000)
        #expect(try right.receive(upTo: 1, into: &packets, from: pool) == .more)
        guard let packet = packets.dequeue() else {
          Issue.record("no packet was given")
          return
        }
        #expect(packet.linkType == LinkType.ethernet.rawValue)
        #expect(packet.header.interfaceIndex > 0 && packet.timestampInNanoseconds >= before)
      }
    }

    @Test func bothEndsSendAndReceive() throws {
      try Network.with {
        guard var left = try Self.open("va0", .both), var right = try Self.open("vb0", .both)
        else { return }
        let pool = MbufPool()
        let sent = (0..<500).map { frame($0, byteCount: 60 + $0) }
        var packets = try queue(sent, pool)
        let deadline = ContinuousClock.now + .seconds(10)
        while !packets.isEmpty, ContinuousClock.now < deadline { try left.transmit(&packets) }
        #expect(try Self.receive(500, &right, pool) == sent)
        packets = try queue(sent, pool)
        while !packets.isEmpty, ContinuousClock.now < deadline { try right.transmit(&packets) }
        #expect(try Self.receive(500, &left, pool) == sent)
        try left.finish()
        try right.finish()
        #expect(left.statistics.output.packets == 500 && right.statistics.output.packets == 500)
      }
    }

    @Test func framesThatNobodyReadsAreCounted() throws {
      try Network.with {
        guard var right = try Self.open(slotCount: 64) else { return }
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var packets = try queue((0..<200).map { frame($0) }, pool)
        try left.transmit(&packets)
        var received: [[UInt8]] = []
        let deadline = ContinuousClock.now + .seconds(10)
        while right.statistics.input.packets + right.statistics.input.drops < 200,
          ContinuousClock.now < deadline
        {
          received += try Self.receive(1, &right, pool, within: .milliseconds(50))
        }
        let counts = right.statistics.input
        #expect(counts.packets >= 64 && counts.drops > 0 && counts.packets + counts.drops == 200)
        #expect(received.count == counts.packets)
        #expect(Array(received.prefix(64)) == (0..<64).map { frame($0) })
        let reasons = right.inputDropsByReason
        #expect(reasons.reduce(0) { $0 + $1.count } == counts.drops)
        #expect(Set(reasons.map(\.reason)).isSubset(of: ["ring_full", "fill_ring_empty"]))
      }
    }

    @Test func aFrameThatMemoryIsDeniedForIsADropOrComesLater() throws {
      try Network.with {
        guard var right = try Self.open() else { return }
        let senders = MbufPool()
        let pool = MbufPool(clusterLimit: 2)
        var left = try PacketSocket("va0", .sending)
        var packets = try queue((0..<3).map { frame($0, byteCount: 1_000) }, senders)
        try left.transmit(&packets)
        var kept = PacketQueue()
        let deadline = ContinuousClock.now + .seconds(10)
        while kept.packetCount < 2, ContinuousClock.now < deadline {
          _ = try right.receive(upTo: 8, into: &kept, from: pool)
        }
        #expect(kept.packetCount == 2 && right.statistics.input.drops == 0)
        while right.statistics.input.drops == 0, ContinuousClock.now < deadline {
          _ = try right.receive(upTo: 8, into: &kept, from: pool)
        }
        #expect(right.inputDropsByReason.map(\.reason) == ["pool_exhausted"])
        #expect(right.statistics.input.drops == 1 && kept.packetCount == 2)
      }
    }

    @Test func framesLongerThanAFrameAreCounted() throws {
      try Network.with(mtu: 9_000) {
        guard var right = try Self.open() else { return }
        let pool = MbufPool()
        #expect(right.traits.mtu == 4_096 - 14)
        var left = try PacketSocket("va0", .sending)
        let sent = [frame(0, byteCount: 3_800), frame(1, byteCount: 4_500), frame(2)]
        var packets = try queue(sent, pool)
        try left.transmit(&packets)
        #expect(try Self.receive(2, &right, pool) == [sent[0], sent[2]])
        #expect(try right.receive(upTo: 1, into: &packets, from: pool) == .idle)
        #expect(right.inputDropsByReason.map(\.reason) == ["rx_dropped"])
        #expect(right.statistics.input.drops == 1)
      }
    }

    @Test func nobodyElseGetsTheFramesUntilTheSocketEnds() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var other = try PacketSocket("vb0")
        do {
          guard var right = try Self.open() else { return }
          var packets = try queue([frame(0)], pool)
          try left.transmit(&packets)
          #expect(try Self.receive(1, &right, pool) == [frame(0)])
          #expect(try Self.receive(1, &other, pool, within: .milliseconds(50)).isEmpty)
          packets = try queue([frame(1)], pool)
          #expect(right.wait(milliseconds: 0) == false)
          let sending = #expect(throws: InterfaceError.self) { try right.transmit(&packets) }
          #expect(sending?.kind == .misuse)
          try right.finish()
        }
        var packets = try queue([frame(2)], pool)
        try left.transmit(&packets)
        #expect(try Self.receive(1, &other, pool) == [frame(2)])
      }
    }

    @Test func whatHasComeIsReceivedOnceArrivalsAreStopped() throws {
      try Network.with {
        guard var right = try Self.open() else { return }
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var packets = try queue([frame(0), frame(1)], pool)
        try left.transmit(&packets)
        #expect(right.wait(milliseconds: 5_000) == true)
        usleep(20_000)
        #expect(right.stopArrivals() == true)
        packets = try queue([frame(2)], pool)
        try left.transmit(&packets)
        usleep(20_000)
        #expect(try Self.receive(2, &right, pool) == [frame(0), frame(1)])
        #expect(try right.receive(upTo: 1, into: &packets, from: pool) == .ended(nil))
      }
    }

    @Test func anInterfaceThatIsDownOrGoneIsAnErrorAndNoWait() throws {
      try Network.with {
        guard var right = try Self.open() else { return }
        let pool = MbufPool()
        var packets = PacketQueue()
        for (command, isUp) in [
          ("ip link set vb0 down", false), ("ip link set vb0 up", true), ("ip link del vb0", false),
        ] {
          Network.run(command)
          if isUp {
            #expect(try right.receive(upTo: 1, into: &packets, from: pool) == .idle)
            continue
          }
          #expect(right.wait(milliseconds: -1) == true)
          let error = #expect(throws: InterfaceError.self) {
            try right.receive(upTo: 1, into: &packets, from: pool)
          }
          #expect(error?.kind == .down)
        }
      }
    }

    @Test func aQueueOrAnInterfaceThatIsTakenIsRefused() throws {
      try Network.with {
        guard let first = try Self.open() else { return }
        let error = #expect(throws: InterfaceError.self) { _ = try XDPSocket("vb0", .receiving) }
        #expect(error?.kind == .system(call: "take queue 0 of vb0 for AF_XDP", errno: EBUSY))
        #expect(error?.why == "another AF_XDP socket has the queue")
        let none = #expect(throws: InterfaceError.self) {
          _ = try XDPSocket("vb0", .receiving, queue: 4_000)
        }
        #expect(none?.why == "there is no such queue")
        if Network.run("ethtool -L vb0 rx 2 tx 2") {
          let second = #expect(throws: InterfaceError.self) {
            _ = try XDPSocket("vb0", .receiving, queue: 1)
          }
          #expect(second?.why == "another XDP program takes its frames")
          // Sending needs no program.
          _ = try XDPSocket("vb0", queue: 1)
        }
        #expect(first.name == "vb0")
      }
    }

    @Test func anInputByNameReceivesByXDP() throws {
      try Network.with {
        if try Self.open() == nil { return }
        let pool = MbufPool()
        let input = LinkInput("vb0", by: .xdp, slotCount: 64)
        var source = try input.open()
        var left = try PacketSocket("va0", .sending)
        var packets = try queue([frame(7)], pool)
        try left.transmit(&packets)
        let deadline = ContinuousClock.now + .seconds(10)
        while packets.isEmpty, ContinuousClock.now < deadline {
          _ = try source.receive(upTo: 1, into: &packets, from: pool)
        }
        #expect(packets.packetCount == 1 && source.statistics.input.packets == 1)
      }
    }
  }
#endif
