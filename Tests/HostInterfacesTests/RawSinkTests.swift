// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

#if os(Linux)
  import Glibc

  /// IP packets that leave by the host's routes and arrive, with a link header, at the far end of a cable.
  @Suite struct RawSinkTests {
    /// Runs `body` where 10.9.0.2 and fd00::2 are behind the cable, and 10.9.0.1 and fd00::1 here.
    private static func withRoutes(
      mtu: Int = 1_500, function: String = #function, _ body: () throws -> Void
    ) throws {
      try Network.with(mtu: mtu, function: function) {
        let isMade = [
          "ip addr add 10.9.0.1/24 dev va0",
          "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:0b dev va0 nud permanent",
          "echo 0 > /proc/sys/net/ipv6/conf/va0/disable_ipv6",
          "echo 0 > /proc/sys/net/ipv6/conf/va0/accept_dad",
          "ip -6 addr add fd00::1/64 dev va0 nodad",
          "ip -6 neigh add fd00::2 lladdr 02:00:00:00:00:0b dev va0 nud permanent",
        ].allSatisfy(Network.run)
        guard isMade else { return print("skipped \(function): no IPv6 here") }
        try body()
      }
    }

    /// A datagram of IPv4 with the number as identification and in its payload.
    private static func ipv4(_ number: Int, byteCount: Int = 64, to last: UInt8 = 2) -> [UInt8] {
      let id = number + 1
      var bytes: [UInt8] = [0x45, 0, UInt8(byteCount >> 8), UInt8(byteCount & 0xff)]
      bytes += [UInt8(id >> 8), UInt8(id & 0xff), 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, last]
      return bytes + udp(number, byteCount - 20)
    }

    /// A datagram of IPv6.
    private static func ipv6(_ number: Int, byteCount: Int = 64) -> [UInt8] {
      let length = byteCount - 40
      var bytes: [UInt8] = [0x60, 1, 2, 3, UInt8(length >> 8), UInt8(length & 0xff), 17, 55]
      for last in [UInt8(1), 2] { bytes += [0xfd] + [UInt8](repeating: 0, count: 14) + [last] }
      return bytes + udp(number, length)
    }

    private static func udp(_ number: Int, _ length: Int) -> [UInt8] {
      var bytes: [UInt8] = [0x40, 0, 0, 7, UInt8(length >> 8), UInt8(length & 0xff), 0x12, 0x34]
      while bytes.count < length { bytes.append(UInt8(truncatingIfNeeded: number)) }
      return bytes
    }

    private static func raw(_ bytes: [UInt8], _ pool: MbufPool) throws -> Packet {
      var packet = try framed(bytes, pool)
      packet.linkType = LinkType.raw.rawValue
      return packet
    }

    private static func queue(_ packets: [[UInt8]], _ pool: MbufPool) throws -> PacketQueue {
      var queue = PacketQueue()
      for bytes in packets { queue.enqueue(try raw(bytes, pool)) }
      return queue
    }

    /// The UDP packets that arrive at the far end, without their link header.
    private static func receive(
      _ count: Int, _ socket: inout PacketSocket, _ pool: MbufPool
    ) throws -> [[UInt8]] {
      var found: [[UInt8]] = []
      let deadline = ContinuousClock.now + .seconds(10)
      while found.count < count, ContinuousClock.now < deadline {
        var packets = PacketQueue()
        if try socket.receive(upTo: 64, into: &packets, from: pool) == .idle {
          _ = socket.wait(milliseconds: 10)
        }
        while let packet = packets.dequeue() {
          let bytes = [UInt8]([UInt8](copying: packet).dropFirst(14))
          // The kernel of the near end has a word to say of its own, by ICMPv6.
          if bytes[0] >> 4 == 4 ? bytes[9] == 17 : bytes[6] == 17 { found.append(bytes) }
        }
      }
      return found
    }

    /// What the kernel makes of an IPv4 packet.
    private static func withChecksum(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      var sum = stride(from: 0, to: 20, by: 2).reduce(0) {
        $0 + Int(bytes[$1]) << 8 + Int(bytes[$1 + 1])
      }
      while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
      (bytes[10], bytes[11]) = (UInt8(~sum >> 8 & 0xff), UInt8(~sum & 0xff))
      return bytes
    }

    @Test func bothFamiliesArriveInOrder() throws {
      try Self.withRoutes {
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        var sink = try RawSink()
        // Runs of one family, of one packet and of more than a batch.
        let sent = (0..<300).map { number in
          let isIPv6 = number < 20 ? number % 2 == 1 : number / 70 % 2 == 1
          let byteCount = 64 + number * 4
          return isIPv6
            ? Self.ipv6(number, byteCount: byteCount) : Self.ipv4(number, byteCount: byteCount)
        }
        var packets = try Self.queue(sent, pool)
        let deadline = ContinuousClock.now + .seconds(10)
        while packets.packetCount > 0, ContinuousClock.now < deadline {
          try sink.transmit(&packets)
        }
        #expect(sink.statistics.output.packets == 300 && sink.statistics.output.errors == 0)
        #expect(sink.statistics.output.bytes == sent.reduce(0) { $0 + $1.count })
        let expected = sent.map { $0[0] == 0x45 ? Self.withChecksum($0) : $0 }
        #expect(try Self.receive(300, &right, pool) == expected)
        #expect(pool.outstanding == 0)
      }
    }

    @Test func aHeaderInPiecesIsPutTogetherAndASumFilledIn() throws {
      try Self.withRoutes {
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        var sink = try RawSink()
        var packets = PacketQueue()
        let whole = [Self.ipv4(1), Self.ipv6(2)]
        for bytes in whole {
          var packet = try Self.raw(Array(bytes[..<9]), pool)
          packet.join(try Self.raw(Array(bytes[9...]), pool))
          packets.enqueue(packet)
        }
        var partial = try Self.raw(Array(unfinishedDatagram[14...]), pool)
        partial.checksumState = .partial
        try partial.copyIn([10, 9, 0, 1, 10, 9, 0, 2], at: 12)
        try partial.copyIn([0x14, 0x32], at: 26)
        packets.enqueue(partial)
        try sink.transmit(&packets)
        let received = try Self.receive(3, &right, pool)
        #expect(received.count == 3 && received[0] == Self.withChecksum(whole[0]))
        #expect(received[1] == whole[1])
        let last = try Self.raw(received[2], pool)
        #expect(last.transportChecksumResult(last.decoded()) == .valid)
      }
    }

    @Test func keptPacketsAreSentAgain() throws {
      try Self.withRoutes {
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        var sink = try RawSink()
        let sent = [Self.ipv4(0), Self.ipv6(1), Self.ipv4(2)]
        var packets = try Self.queue(sent, pool)
        for round in 1...2 {
          var kept = PacketQueue()
          try sink.transmit(&packets, keeping: &kept)
          #expect(packets.packetCount == 0 && kept.packetCount == 3)
          #expect(sink.statistics.output.packets == 3 * round)
          #expect(
            try Self.receive(3, &right, pool)
              == [Self.withChecksum(sent[0]), sent[1], Self.withChecksum(sent[2])])
          swap(&kept, &packets)
        }
      }
    }

    @Test func whatTheKernelDoesNotTakeIsAnErrorInTheCounts() throws {
      try Self.withRoutes {
        let pool = MbufPool()
        var right = try PacketSocket("vb0")
        var sink = try RawSink()
        var noRoute = Self.ipv4(1)
        noRoute.replaceSubrange(16..<20, with: [203, 0, 113, 1])
        var packets = try Self.queue(
          [
            Self.ipv4(0, byteCount: 1_600), noRoute, Self.ipv4(2), Self.ipv6(3, byteCount: 1_600),
            Self.ipv6(4),
          ], pool)
        try sink.transmit(&packets)
        #expect(packets.packetCount == 0)
        #expect(sink.statistics.output.packets == 2 && sink.statistics.output.errors == 3)
        #expect(
          try Self.receive(2, &right, pool) == [Self.withChecksum(Self.ipv4(2)), Self.ipv6(4)])
      }
    }

    @Test func whatIsNoIPStaysWithTheCaller() throws {
      try Self.withRoutes {
        let pool = MbufPool()
        var sink = try RawSink()
        let unfit: [[UInt8]] = [
          [], [0x45], [UInt8](repeating: 0x55, count: 60), Array(Self.ipv6(1)[..<39]),
        ]
        for bytes in unfit {
          var packets = try Self.queue([Self.ipv4(0), bytes, Self.ipv6(2)], pool)
          let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
          #expect(error?.kind == .unfit && packets.packetCount == 2)
        }
        var packets = PacketQueue()
        packets.enqueue(try framed(frame(0), pool))
        let error = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
        #expect(error?.kind == .wrongLinkType(.ethernet, wanted: .raw))
        #expect(packets.packetCount == 1 && sink.statistics.output.packets == unfit.count)
        sink.finish()
        packets = try Self.queue([Self.ipv4(0)], pool)
        let closed = #expect(throws: InterfaceError.self) { try sink.transmit(&packets) }
        #expect(closed?.kind == .closed && packets.packetCount == 1)
        let output = #expect(throws: InterfaceError.self) {
          _ = try RawOutput().open(LinkTraits(linkType: .ethernet))
        }
        #expect(output?.kind == .wrongLinkType(.ethernet, wanted: .raw))
        #expect(try RawOutput().open(LinkTraits(linkType: .raw)).traits.linkType == .raw)
      }
    }
  }
#endif
