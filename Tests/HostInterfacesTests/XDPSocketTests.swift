// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// Frames that leave by AF_XDP and arrive at the other end of a cable.
  @Suite struct XDPSocketTests {
    /// A socket on va0; nil with a printed reason where the kernel has none.
    private static func open(function: String = #function) throws -> XDPSocket? {
      do throws(InterfaceError) {
        return try XDPSocket("va0")
      } catch {
        guard case .system(_, EAFNOSUPPORT) = error.kind else { throw error }
        print("skipped \(function): this kernel has no AF_XDP")
        return nil
      }
    }

    /// Takes what has arrived.
    private static func receive(
      _ socket: inout PacketSocket, _ frames: inout [[UInt8]], _ pool: MbufPool
    ) throws {
      var packets = PacketQueue()
      while try socket.receive(upTo: 64, into: &packets, from: pool) != .idle {}
      while let packet = packets.dequeue() { frames.append([UInt8](copying: packet)) }
    }

    @Test func keptFramesAreSentAgain() throws {
      try Network.with {
        guard var left = try Self.open() else { return }
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        let sent = (0..<50).map { frame($0, byteCount: 60 + $0 * 20) }
        var packets = try queue(sent, pool)
        var received: [[UInt8]] = []
        let deadline = ContinuousClock.now + .seconds(20)
        for _ in 0..<3 {
          var kept = PacketQueue()
          while !packets.isEmpty, ContinuousClock.now < deadline {
            try left.transmit(&packets, keeping: &kept)
          }
          #expect(kept.packetCount == 50)
          swap(&kept, &packets)
        }
        try left.finish()
        while received.count < 150, ContinuousClock.now < deadline {
          try Self.receive(&right, &received, pool)
        }
        #expect(received == sent + sent + sent)
        #expect(left.statistics.output.packets == 150)
      }
    }

    @Test func framesArriveWholeAndInOrder() throws {
      try Network.with {
        guard var left = try Self.open() else { return }
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        // More than there are frames, so that each is used again.
        let sent = (0..<10_000).map { frame($0, byteCount: 60 + $0 % 1_455) }
        var received: [[UInt8]] = []
        let deadline = ContinuousClock.now + .seconds(20)
        for start in stride(from: 0, to: sent.count, by: 100) {
          var packets = try queue(Array(sent[start..<start + 100]), pool)
          while packets.packetCount > 0, ContinuousClock.now < deadline {
            try left.transmit(&packets)
            try Self.receive(&right, &received, pool)
          }
        }
        try left.finish()
        while received.count < sent.count, ContinuousClock.now < deadline {
          try Self.receive(&right, &received, pool)
        }
        #expect(received == sent)
        #expect(left.statistics.output.packets == sent.count && left.queuedPacketCount == 0)
        #expect(left.statistics.output.bytes == sent.reduce(0) { $0 + $1.count })
        #expect(left.statistics.output.errors == 0)
        #expect(pool.outstanding == 0)
      }
    }

    @Test func segmentsAreOneFrameAndWhatDoesNotFitStays() throws {
      try Network.with(mtu: 9_000) {
        guard var left = try Self.open() else { return }
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        #expect(left.traits.mtu == 2_048 - 14)
        let bytes = frame(7, byteCount: 2_000)
        var packet = try framed(bytes[..<700], pool)
        packet.join(try framed(bytes[700...], pool))
        var packets = PacketQueue()
        packets.enqueue(packet)
        packets.enqueue(try framed(frame(8, byteCount: 2_049), pool))
        packets.enqueue(try framed(frame(9), pool))
        let error = #expect(throws: InterfaceError.self) { try left.transmit(&packets) }
        #expect(error?.kind == .tooLong(byteCount: 2_049, limit: 2_048))
        #expect(packets.packetCount == 2)
        _ = packets.dequeue()
        try left.transmit(&packets)
        try left.finish()
        var received: [[UInt8]] = []
        try Self.receive(&right, &received, pool)
        #expect(received == [bytes, frame(9)])
        var late = try queue([frame(10)], pool)
        let closed = #expect(throws: InterfaceError.self) { try left.transmit(&late) }
        #expect(closed?.kind == .closed && late.packetCount == 1)
      }
    }

    @Test func aLinkThatIsDownSaysSo() throws {
      try Network.with {
        guard var left = try Self.open() else { return }
        let pool = MbufPool()
        Network.run("ip link set va0 down")
        var packets = try queue([frame(0)], pool)
        let error = #expect(throws: InterfaceError.self) { try left.transmit(&packets) }
        #expect(error?.kind == .down)
        // It was the kernel's already, and is not lost without a count.
        #expect(packets.packetCount + left.queuedPacketCount + left.statistics.output.total == 1)
        try? left.finish()
        #expect(left.queuedPacketCount == 0)
        #expect(packets.packetCount + left.statistics.output.total == 1)
      }
    }

    @Test func aLinkWithoutACarrierSaysSo() throws {
      try Network.with {
        guard var left = try Self.open() else { return }
        let pool = MbufPool()
        Network.run("ip link set vb0 down")
        var carrier: InterfaceError?
        let deadline = ContinuousClock.now + .seconds(20)
        // The kernel takes frames for a moment, and drops them.
        while carrier == nil, ContinuousClock.now < deadline {
          var packets = try queue([frame(0)], pool)
          do throws(InterfaceError) { try left.transmit(&packets) } catch { carrier = error }
        }
        #expect(carrier?.kind == .down && carrier?.why == "it has no carrier")
        Network.run("ip link set vb0 up")
        carrier = nil
        var packets = try queue([frame(1)], pool)
        while !packets.isEmpty, ContinuousClock.now < deadline {
          do throws(InterfaceError) { try left.transmit(&packets) } catch { carrier = error }
          if left.queuedPacketCount == 0 { break }
        }
        try? left.finish()
        #expect(left.queuedPacketCount == 0)
      }
    }

    @Test func aQueueThatIsNotThereIsRefused() throws {
      try Network.with {
        if try Self.open() == nil { return }
        #expect(throws: InterfaceError.self) { _ = try XDPSocket("va0", queue: 4_000) }
        let error = #expect(throws: InterfaceError.self) { _ = try XDPSocket("nowhere0") }
        #expect(error?.kind == .system(call: "open an AF_XDP socket on nowhere0", errno: ENODEV))
      }
    }
  }
#endif
