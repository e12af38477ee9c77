// SPDX-License-Identifier: BSD-2-Clause
import HostInterfaces
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

/// Links over UDP between two ends on one host, in a network of their own.
@Suite struct UDPLinkTests {
  /// Runs `body` with both ends of a link, over IPv4 and over IPv6.
  private static func withLink(
    _ body: (inout UDPLink, inout UDPLink) throws -> Void
  ) throws {
    try Network.with {
      Network.run("echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6; ip link set lo up")
      for host in ["127.0.0.1", "::1"] {
        var a = try UDPLink(from: host, port: 7_001, to: host, port: 7_002)
        var b = try UDPLink(from: host, port: 7_002, to: host, port: 7_001)
        try body(&a, &b)
      }
    }
  }

  /// What arrives until so many were received or dropped, or for five seconds.
  private static func receive(
    _ count: Int, _ link: inout UDPLink, _ pool: MbufPool
  ) throws -> [[UInt8]] {
    var packets = PacketQueue()
    let wanted = link.statistics.input.total + count
    let deadline = ContinuousClock.now + .seconds(5)
    while link.statistics.input.total < wanted, ContinuousClock.now < deadline {
      _ = try link.receive(upTo: 100, into: &packets, from: pool)
    }
    var all: [[UInt8]] = []
    while let packet = packets.dequeue() {
      #expect(packet.linkType == LinkType.raw.rawValue)
      all.append([UInt8](copying: packet))
    }
    return all
  }

  private static func raw(_ bytes: [UInt8], _ pool: MbufPool) throws -> Packet {
    var packet = try framed(bytes, pool)
    packet.linkType = LinkType.raw.rawValue
    return packet
  }

  @Test func everyPacketIsOneDatagram() throws {
    let pool = MbufPool()
    try Self.withLink { a, b in
      let sent = [0, 1, 28, 1_400, 1_983, 1_984, 1_985, 2_048, 9_000, 65_000].map { count in
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ count) }
      }
      var packets = PacketQueue()
      for bytes in sent { packets.enqueue(try Self.raw(bytes, pool)) }
      try a.transmit(&packets)
      #expect(packets.packetCount == 0)
      #expect(try Self.receive(sent.count, &b, pool) == sent)
      #expect(a.statistics.output.packets == sent.count && b.statistics.input.drops == 0)
      #expect(b.statistics.input.bytes == sent.reduce(0) { $0 + $1.count })
    }
    #expect(pool.outstanding == 0)
  }

  @Test func moreThanABatchGoesInOrder() throws {
    let pool = MbufPool()
    try Self.withLink { a, b in
      let sent = (0..<200).map { frame($0, byteCount: 20) }
      var packets = PacketQueue()
      for bytes in sent { packets.enqueue(try Self.raw(bytes, pool)) }
      try a.transmit(&packets)
      #expect(try Self.receive(sent.count, &b, pool) == sent)
    }
  }

  @Test func aPeerThatIsNotThereCostsDatagramsAndNothingElse() throws {
    let pool = MbufPool()
    try Network.with {
      Network.run("ip link set lo up")
      var link = try UDPLink(from: "127.0.0.1", port: 7_001, to: "127.0.0.1", port: 7_002)
      for number in 0..<10 {
        var packets = PacketQueue()
        packets.enqueue(try Self.raw(frame(number), pool))
        try link.transmit(&packets)
        #expect(packets.packetCount == 0)
        // What the peer's host said of the datagram before is no datagram.
        #expect(try link.receive(upTo: 1, into: &packets, from: pool) == .idle)
        #expect(packets.packetCount == 0)
      }
      #expect(link.statistics.output.total == 10)
      // Once it is there, datagrams arrive.
      var peer = try UDPLink(from: "127.0.0.1", port: 7_002, to: "127.0.0.1", port: 7_001)
      var packets = PacketQueue()
      packets.enqueue(try Self.raw(frame(10), pool))
      try link.transmit(&packets)
      #expect(try Self.receive(1, &peer, pool) == [frame(10)])
    }
  }

  @Test func anExhaustedPoolDropsAndCounts() throws {
    let plenty = MbufPool()
    let pool = MbufPool(clusterLimit: 1)
    let held = try pool.packet()
    try Self.withLink { a, b in
      var packets = PacketQueue()
      for number in 0..<5 { packets.enqueue(try Self.raw(frame(number), plenty)) }
      try a.transmit(&packets)
      #expect(try Self.receive(5, &b, pool).isEmpty)
      #expect(b.statistics.input.drops == 5)
    }
    #expect(held.byteCount == 0)
  }

  @Test func addressesOfTwoFamiliesAreNoLink() {
    Network.with {
      #expect(throws: InterfaceError.self) {
        _ = try UDPLink(from: "127.0.0.1", port: 7_001, to: "::1", port: 7_002)
      }
      let error = #expect(throws: InterfaceError.self) {
        _ = try UDPLink(from: "localhost.", port: 7_001, to: "here", port: 7_002)
      }
      #expect(error?.description.contains("here:7002") == true)
    }
  }
}
