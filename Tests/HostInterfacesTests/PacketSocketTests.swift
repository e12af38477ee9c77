// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// Frames over a cable between two interfaces of this host, both ends held here.
  @Suite struct PacketSocketTests {
    /// Everything that arrives within a time, up to a count.
    private static func receive(
      _ count: Int, _ socket: inout PacketSocket, _ pool: MbufPool,
      within time: Duration = .seconds(5)
    ) throws -> [[UInt8]] {
      var frames: [[UInt8]] = []
      let deadline = ContinuousClock.now + time
      while frames.count < count, ContinuousClock.now < deadline {
        var packets = PacketQueue()
        if try socket.receive(upTo: 16, into: &packets, from: pool) == .idle { usleep(500) }
        while let packet = packets.dequeue() { frames.append([UInt8](copying: packet)) }
      }
      return frames
    }

    @Test func framesArriveWholeAndInOrder() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0")
        var right = try PacketSocket("vb0")
        let sent = (0..<1_000).map { frame($0, byteCount: 60 + $0 * 1_454 / 999) }
        var packets = try queue(sent, pool)
        try left.transmit(&packets)
        #expect(packets.packetCount == 0)
        #expect(left.statistics.output.packets == 1_000)
        #expect(left.statistics.output.bytes == sent.reduce(0) { $0 + $1.count })
        let received = try Self.receive(1_000, &right, pool)
        #expect(received == sent)
        #expect(right.statistics.input.packets == 1_000 && right.statistics.input.drops == 0)
        // What a socket sent itself does not come back to it.
        #expect(try Self.receive(1, &left, pool, within: .milliseconds(50)).isEmpty)
      }
    }

    @Test func aFrameInSegmentsIsOneFrame() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        let bytes = frame(7, byteCount: 1_000)
        var packet = try framed(bytes[..<14], pool)
        for start in stride(from: 14, to: 1_000, by: 29) {
          packet.join(try framed(bytes[start..<min(start + 29, 1_000)], pool))
        }
        #expect(packet.segmentCount > 1)
        var packets = PacketQueue()
        packets.enqueue(packet)
        try left.transmit(&packets)
        #expect(try Self.receive(1, &right, pool) == [bytes])
      }
    }

    @Test func aTagThatTheKernelTakesOffIsPutBack() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        let sent = [
          frame(0, type: [0x81, 0x00, 0x00, 0x64, 0x08, 0x00]),
          // A priority and no VLAN; a provider's tag around a customer's.
          frame(1, type: [0x81, 0x00, 0xe0, 0x00, 0x08, 0x00]),
          frame(2, type: [0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06, 0x08, 0x00]),
        ]
        var packets = try queue(sent, pool)
        try left.transmit(&packets)
        #expect(try Self.receive(3, &right, pool) == sent)
      }
    }

    @Test func keptFramesAreSentAgain() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        let sent = (0..<150).map { frame($0, byteCount: 60 + $0 * 9) }
        var packets = try queue(sent, pool)
        for round in 1...3 {
          var kept = PacketQueue()
          try left.transmit(&packets, keeping: &kept)
          #expect(packets.isEmpty && kept.packetCount == 150)
          #expect(left.statistics.output.packets == 150 * round)
          #expect(try Self.receive(150, &right, pool) == sent)
          swap(&kept, &packets)
        }
        // Those before one that the link does not take are sent, and kept.
        packets = try queue([frame(0), frame(1, byteCount: 1_515), frame(2)], pool)
        var kept = PacketQueue()
        let error = #expect(throws: InterfaceError.self) {
          try left.transmit(&packets, keeping: &kept)
        }
        #expect(error?.kind == .tooLong(byteCount: 1_515, limit: 1_514))
        #expect(packets.packetCount == 2 && kept.packetCount == 1)
      }
    }

    @Test func moreThanABatchOfUnfinishedChecksumsAreFilledIn() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        var packets = PacketQueue()
        for _ in 0..<100 {
          var packet = try framed(unfinishedDatagram, pool)
          packet.checksumState = .partial
          packets.enqueue(packet)
        }
        try left.transmit(&packets)
        #expect(packets.packetCount == 0)
        for bytes in try Self.receive(100, &right, pool) {
          let packet = try framed(bytes, pool)
          #expect(packet.transportChecksumResult(packet.decoded()) == .valid)
        }
        #expect(right.statistics.input.packets == 100)
      }
    }

    @Test func whatTheLinkDoesNotTakeStaysWithTheCaller() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        #expect(
          left.traits
            == LinkTraits(
              linkType: .ethernet, mtu: 1_500,
              capabilities: [.leavesChecksums, .completesChecksums]))
        var packets = try queue([frame(0), frame(1, byteCount: 1_515), frame(2)], pool)
        let error = #expect(throws: InterfaceError.self) { try left.transmit(&packets) }
        #expect(error?.kind == .tooLong(byteCount: 1_515, limit: 1_514))
        #expect(packets.packetCount == 2 && left.statistics.output.packets == 1)
        _ = packets.dequeue()
        try left.transmit(&packets)
        #expect(packets.packetCount == 0 && left.statistics.output.packets == 2)
        #expect(throws: InterfaceError.self) {
          var packets = PacketQueue()
          _ = try left.receive(upTo: 1, into: &packets, from: pool)
        }
      }
    }

    @Test func aLinkThatIsDownSaysSoOnceOnEitherSide() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0")
        Network.run("ip link set va0 down")
        var packets = try queue([frame(0)], pool)
        let sending = #expect(throws: InterfaceError.self) { try left.transmit(&packets) }
        #expect(sending?.kind == .down && packets.packetCount == 1)
        var received = PacketQueue()
        let state = try? left.receive(upTo: 1, into: &received, from: pool)
        #expect(state == .idle || state == nil)
        #expect(try left.receive(upTo: 1, into: &received, from: pool) == .idle)
        Network.run("ip link set va0 up")
        try left.transmit(&packets)
        #expect(packets.packetCount == 0 && left.statistics.output.packets == 1)
        // The far end is down: there is no carrier.
        Network.run("ip link set vb0 down")
        packets = try queue([frame(1)], pool)
        // The kernel drops at once, and says why a moment later; until then there is no room.
        var carrier: InterfaceError?
        let deadline = ContinuousClock.now + .seconds(20)
        while carrier == nil, ContinuousClock.now < deadline {
          do throws(InterfaceError) { try left.transmit(&packets) } catch { carrier = error }
          #expect(packets.packetCount == 1)
        }
        #expect(carrier?.kind == .down)
        Network.run("ip link del va0")
        packets = try queue([frame(1)], pool)
        #expect(throws: InterfaceError.self) { try left.transmit(&packets) }
        #expect(packets.packetCount == 1)
      }
    }

    @Test func aFrameThatTheFarEndNeverTakesIsGivenBackWithAnError() throws {
      try Network.with {
        let pool = MbufPool()
        Network.run("ip link set vb0 mtu 1000")
        var left = try PacketSocket("va0", .sending)
        let long = [UInt8](frame(0).prefix(14)) + [UInt8](repeating: 0, count: 1_400)
        var packets = try queue([frame(0), long, frame(1)], pool)
        var failure: InterfaceError?
        let start = ContinuousClock.now
        while failure == nil, ContinuousClock.now < start + .seconds(20) {
          do throws(InterfaceError) { try left.transmit(&packets) } catch { failure = error }
          if failure == nil, packets.isEmpty { break }
        }
        #expect(failure?.kind == .failed)
        #expect(failure?.why == "a frame of 1414 bytes was refused for a second")
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(packets.packetCount == 2 && left.statistics.output.packets == 1)
        // It is the caller's again, who may do without it.
        _ = packets.dequeue()
        try left.transmit(&packets)
        #expect(packets.packetCount == 0 && left.statistics.output.packets == 2)
      }
    }

    @Test func framesWithoutRoomOrMemoryAreCounted() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0", slotCount: 64)
        var packets = try queue((0..<200).map { frame($0) }, pool)
        try left.transmit(&packets)
        // Nobody reads meanwhile, so the ring fills; the kernel may be late with some of the rest.
        var arrived = PacketQueue()
        let deadline = ContinuousClock.now + .seconds(20)
        while right.statistics.input.total < 200, ContinuousClock.now < deadline {
          _ = try right.receive(upTo: 64, into: &arrived, from: pool)
        }
        let counts = right.statistics.input
        #expect(counts.packets >= 64 && counts.drops > 0 && counts.total == 200)
        for number in 0..<64 {
          guard let packet = arrived.dequeue() else { break }
          #expect([UInt8](copying: packet) == frame(number))
        }
      }
    }

    @Test func aFrameLongerThanASlotComesWhole() throws {
      try Network.with(mtu: 65_535) {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        let sent = [frame(0, byteCount: 40_000), frame(1), frame(2, byteCount: 65_535)]
        var packets = try queue(sent, pool)
        try left.transmit(&packets)
        #expect(try Self.receive(3, &right, pool) == sent)
      }
    }

    @Test func aSumThatALocalSenderLeftIsToldAndFilledIn() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        Network.run("ip addr add 10.9.0.1/24 dev va0")
        Network.run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va0 nud permanent")
        #expect(Network.run("bash -c 'printf hello > /dev/udp/10.9.0.2/9'"))
        var packets = PacketQueue()
        let deadline = ContinuousClock.now + .seconds(5)
        while packets.packetCount == 0, ContinuousClock.now < deadline {
          _ = try right.receive(upTo: 1, into: &packets, from: pool)
        }
        guard let packet = packets.dequeue() else {
          Issue.record("the datagram did not arrive")
          return
        }
        #expect(packet.checksumState == .partial)
        #expect(packet.transportChecksumResult(packet.decoded()) == .partial)
        // Sent on, it is a datagram with a sum that is right.
        packets.enqueue(packet)
        try left.transmit(&packets)
        while packets.packetCount == 0, ContinuousClock.now < deadline {
          _ = try right.receive(upTo: 1, into: &packets, from: pool)
        }
        guard let complete = packets.dequeue() else {
          Issue.record("the frame did not arrive")
          return
        }
        #expect(complete.checksumState == .unknown)
        #expect(complete.transportChecksumResult(complete.decoded()) == .valid)
      }
    }

    @Test func theKernelConfirmsWhatWasSent() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        let before = try InterfaceStatistics(ofKernelInterface: "va0")
        var packets = try queue((0..<777).map { frame($0, byteCount: 100) }, pool)
        try left.transmit(&packets)
        let after = try InterfaceStatistics(ofKernelInterface: "va0")
        #expect(after.output.packets - before.output.packets == 777)
        #expect(after.output.bytes - before.output.bytes == 77_700)
        let arrived = try InterfaceStatistics(ofKernelInterface: "vb0")
        #expect(arrived.input.packets + arrived.input.drops >= 777)
        let error = #expect(throws: InterfaceError.self) {
          _ = try InterfaceStatistics(ofKernelInterface: "va")
        }
        #expect(error?.kind == .system(call: "find the interface va", errno: ENODEV))
      }
    }

    @Test func whoListensHearsWhatThisHostSendsToo() throws {
      try Network.with {
        let pool = MbufPool()
        var deaf = try PacketSocket("va0")
        var listener = try PacketSocket("va0", .listening, isPromiscuous: true)
        Network.run("ip addr add 10.9.0.1/24 dev va0")
        Network.run("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va0 nud permanent")
        #expect(Network.run("bash -c 'printf hello > /dev/udp/10.9.0.2/9'"))
        let heard = try Self.receive(1, &listener, pool)
        #expect(heard.first?.suffix(5) == [UInt8]("hello".utf8)[...])
        #expect(try Self.receive(1, &deaf, pool, within: .milliseconds(20)).isEmpty)
        // On a loopback interface what is sent arrives, and is heard once for that.
        Network.run("ip link set lo up")
        var loopback = try PacketSocket("lo", .listening)
        #expect(Network.run("bash -c 'printf hello > /dev/udp/127.0.0.1/9'"))
        let frames = try Self.receive(3, &loopback, pool, within: .milliseconds(200))
        // The datagram, and the answer that the port is not there, which holds it.
        #expect(frames.count { $0.suffix(5) == [UInt8]("hello".utf8)[...] && $0.count < 60 } == 1)
      }
    }

    @Test func waitingEndsWhenAFrameIsThereOrTheLinkIsDown() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        var right = try PacketSocket("vb0")
        var isThere = [right.wait(milliseconds: 0), right.wait(milliseconds: 5)]
        var packets = try queue([frame(0)], pool)
        try left.transmit(&packets)
        isThere.append(right.wait(milliseconds: 20_000))
        #expect(try Self.receive(1, &right, pool) == [frame(0)])
        isThere.append(right.wait(milliseconds: 0))
        Network.run("ip link set vb0 down")
        isThere.append(right.wait(milliseconds: 20_000))
        let down = #expect(throws: InterfaceError.self) {
          _ = try right.receive(upTo: 1, into: &packets, from: pool)
        }
        #expect(down?.kind == .down)
        isThere.append(right.wait(milliseconds: 0))
        #expect(isThere == [false, false, true, false, true, false])
      }
    }

    @Test func whatHadComeIsReceivedWhenNothingMoreIsLetIn() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        // Opened first, so the kernel hands it each frame last.
        var witness = try PacketSocket("vb0")
        var right = try PacketSocket("vb0", slotCount: 64)
        let canSenderStop = left.stopArrivals()
        #expect(!canSenderStop)
        let sent = (0..<200).map { frame($0) }
        var packets = try queue(sent, pool)
        try left.transmit(&packets)
        #expect(try Self.receive(200, &witness, pool, within: .seconds(20)) == sent)
        let canStop = right.stopArrivals()
        #expect(canStop && right.ringDropCount == 136)
        packets = try queue([frame(200)], pool)
        try left.transmit(&packets)
        #expect(try Self.receive(1, &witness, pool, within: .seconds(20)) == [frame(200)])
        #expect(try Self.receive(64, &right, pool) == Array(sent[..<64]))
        #expect(try right.receive(upTo: 1, into: &packets, from: pool) == .ended(nil))
        #expect(right.statistics.input.total == 200 && right.statistics.input.drops == 136)
        #expect(right.inputDropsByReason.map(\.reason) == ["ring_full"])
        #expect(right.inputDropsByReason.map(\.count) == [136])
      }
    }

    @Test func anInterfaceMayStandWhereAFileMay() throws {
      try Network.with {
        let pool = MbufPool()
        var left = try PacketSocket("va0", .sending)
        let input = LinkInput("vb0")
        #expect(input.name == "link:vb0")
        var source = try input.open()
        var packets = try queue([frame(0), frame(1)], pool)
        try left.transmit(&packets)
        while packets.packetCount < 2, source.wait(milliseconds: 20_000) {
          _ = try source.receive(upTo: 2, into: &packets, from: pool)
        }
        #expect(packets.packetCount == 2 && source.statistics.input.packets == 2)
      }
    }

    @Test func anInterfaceThatIsNotThereIsNamed() {
      Network.with {
        let error = #expect(throws: InterfaceError.self) { _ = try PacketSocket("nowhere0") }
        #expect(error?.description.contains("nowhere0") == true)
        #expect(error?.kind == .system(call: "open a packet socket on nowhere0", errno: ENODEV))
      }
    }
  }
#endif
