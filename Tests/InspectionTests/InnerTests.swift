// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing
import Wire

@testable import Inspection

/// What is inside of tunnels: counted, shown, and what is wrong with it.
@Suite struct InnerTests {
  private static let stranger = "IP 10.0.0.1.4660 > 10.0.0.2.53: UDP, length 3"

  private func summary(_ frames: [[UInt8]]) -> CaptureSummary {
    var summary = CaptureSummary(looksInside: true)
    for frame in frames { summary.count(frame) }
    summary.checkInvariants()
    return summary
  }

  private func line(
    _ bytes: [UInt8], captured: Int? = nil, _ change: (inout DumpStyle) -> Void = { _ in }
  ) -> String {
    var style = DumpStyle()
    style.time = .none
    style.showsInner = true
    change(&style)
    var line = DumpLine(style)
    let shown = Array(bytes.prefix(captured ?? bytes.count))
    line.write(
      InspectedFrame(
        bytes: shown.raw, number: 1, timestampInNanoseconds: 0, wireByteCount: bytes.count,
        linkType: .ethernet))
    return line.text.string
  }

  private func object(_ bytes: [UInt8], showsInner: Bool = true) throws -> [String: Any] {
    var object = DumpObject(showsInner: showsInner)
    object.write(
      InspectedFrame(
        bytes: bytes.raw, number: 7, timestampInNanoseconds: 5, wireByteCount: bytes.count,
        linkType: .ethernet))
    let data = Data(object.text.string.utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func faults(_ bytes: [UInt8], captured: Int? = nil) -> FrameFaults {
    let shown = Array(bytes.prefix(captured ?? bytes.count))
    let frame = InspectedFrame(
      bytes: shown.raw, number: 1, timestampInNanoseconds: 0, wireByteCount: bytes.count,
      linkType: .ethernet)
    return FrameVerdict(frame).faultsWithInner(of: frame)
  }

  // MARK: - Counted

  @Test func eachKindOfTunnelIsCountedWithWhatItCarries() {
    let found = summary([
      Frames.vxlan(Frames.udp()), Frames.geneve(Frames.tcp([1])),
      Frames.geneve(Frames.packet(Frames.icmpv6()), carrying: 0x86dd, options: [1, 2, 3, 4]),
      Frames.gre(Frames.packet(Frames.icmp())), Frames.gre(Frames.arp, carrying: 0x6558, key: 77),
      Frames.ipInIP(Frames.packet(Frames.udp())), Frames.ipInIP(Frames.packet(Frames.icmpv6())),
      Frames.udp(),
    ])
    #expect(Tunnel.Kind.allCases.map { found.inner.count(of: $0) } == [1, 2, 2, 2])
    #expect(found.inner.packetCount == 7)
    let p = found.inner.facts.protocols
    #expect((p.arp, p.ipv4, p.ipv6, p.other) == (1, 4, 2, 0))
    #expect((p.udp, p.tcp, p.icmp, p.icmpv6) == (2, 1, 1, 2))
    let c = found.inner.facts.checksums
    #expect((c.ipv4.valid, c.udp.valid, c.tcp.valid) == (4, 2, 1))
    #expect((c.icmp.valid, c.icmpv6.valid) == (1, 2))
    #expect(found.isSane == true && found.inner.deeper.count == 0)
    // The frames themselves count as they do without.
    #expect(found.packetCount == 8 && found.facts.protocols.udp == 4)
    #expect(found.facts.checksums.udp.absent == 3 && found.facts.protocols.tcp == 0)
  }

  @Test func nothingIsLookedAtThatIsNotAskedFor() {
    var found = CaptureSummary()
    found.count(Frames.vxlan(Frames.udp().flipped(at: 44)))
    found.checkInvariants()
    #expect(found.inner.packetCount == 0 && found.isSane == true)
  }

  @Test func everyLevelCountsUpToEight() {
    var packet = Frames.packet(Frames.udp())
    for level in 1...10 {
      let frame = Frames.ipInIP(packet)
      packet = Frames.packet(frame)
      let found = summary([frame])
      #expect(found.inner.count(of: .ip) == min(level, 8))
      #expect(found.inner.facts.protocols.udp == (level <= 8 ? 1 : 0))
      #expect(found.inner.deeper.numbers == (level <= 8 ? [] : [1]))
      let text = line(frame)
      #expect(text.components(separatedBy: "IP ").count - 1 == min(level, 8) + 1)
      // Of the ninth, the tenth with its 31 bytes.
      let last = level <= 8 ? "UDP" : "ip-proto-4"
      #expect(text.contains(": \(last), length \([3, 31, 51][max(0, level - 8)])\n"))
    }
    let mixed = Frames.gre(
      Frames.packet(Frames.vxlan(Frames.geneve(Frames.tcp()))), key: 5)
    let found = summary([mixed])
    #expect(Tunnel.Kind.allCases.map { found.inner.count(of: $0) } == [1, 1, 1, 0])
    #expect(found.inner.facts.protocols.udp == 2 && found.inner.facts.protocols.tcp == 1)
  }

  @Test func aWrongChecksumInsideIsFoundInside() {
    let udp = Frames.udp()
    let bad = udp.flipped(at: udp.count - 1)
    let header = udp.flipped(at: 22)
    let found = summary([
      Frames.vxlan(udp), Frames.vxlan(bad), Frames.gre(Frames.packet(header)),
      Frames.geneve(Frames.tcp([1]).flipped(at: 54)),
      Frames.ipInIP(Frames.packet(Frames.icmp().flipped(at: 43))),
      Frames.geneve(Frames.icmpv6().flipped(at: 60)),
    ])
    let wrong = found.inner.facts.badChecksums
    #expect(wrong.udp.numbers == [2] && wrong.ipv4.numbers == [3] && wrong.tcp.numbers == [4])
    #expect(wrong.icmp.numbers == [5] && wrong.icmpv6.numbers == [6])
    #expect(
      found.facts.isSane == true && found.inner.facts.isSane == false && found.isSane == false)
    #expect(faults(Frames.vxlan(bad)) == .badChecksum && faults(Frames.vxlan(udp)) == [])
    #expect(
      line(Frames.vxlan(bad))
        == "IP 1.1.1.1.1234 > 2.2.2.2.4789: VXLAN, flags [I] (0x08), vni 66: "
        + "\(Self.stranger) [inside: bad udp cksum]\n")
  }

  @Test func whatTheCaptureCutInsideIsUndecodableAndCut() {
    let whole = Frames.vxlan(Frames.udp([UInt8](repeating: 7, count: 100)))
    // Of 50 bytes before what is inside, to the end of its headers at 92.
    for captured in 50..<92 {
      var found = CaptureSummary(looksInside: true)
      found.count(Array(whole.prefix(captured)), wireByteCount: whole.count)
      found.checkInvariants()
      #expect(found.inner.facts.undecodable.count == 1, "\(captured)")
      #expect(found.facts.undecodable.count == 0 && found.cut.count == 1)
      #expect(faults(whole, captured: captured) == [.undecodable, .cut])
    }
    var found = CaptureSummary(looksInside: true)
    found.count(Array(whole.prefix(92)), wireByteCount: whole.count)
    #expect(found.inner.facts.isSane == true && found.inner.facts.checksums.udp.unverifiable == 1)
    #expect(
      line(whole, captured: 80)
        == "IP 1.1.1.1.1234 > 2.2.2.2.4789: VXLAN, flags [I] (0x08), vni 66: IP header cut or wrong"
        + " [inside: ipv4: too short: wanted 20 bytes at 14, available 16, limited by capture]"
        + " [cut: 80 of 192 bytes]\n")
    // Within the header of the tunnel there is none.
    #expect(
      line(whole, captured: 49)
        == "IP 1.1.1.1.1234 > 2.2.2.2.4789: UDP, length 150 [cut: 49 of 192 bytes]\n")
  }

  @Test func whatEndsWithThePacketAroundItSaysSo() throws {
    let short = Frames.vxlan(Array(Frames.udp().prefix(20)))
    let why = "ipv4: too short: wanted 20 bytes at 14, available 6, limited by outerPacket"
    #expect(line(short).hasSuffix("[inside: \(why)]\n"))
    let inner = try #require(try object(short)["inner"] as? [String: Any])
    #expect(inner["stop"] as? String == why)
    // Where the capture cuts both, it is the capture that ends it.
    let cut = line(Frames.vxlan(Frames.udp()), captured: 70)
    #expect(cut.contains("available 6, limited by capture]"))
  }

  @Test func genericVXLANAndERSPANAreShown() {
    let udp = Frames.udp()
    let generic = Frames.vxlan(udp, port: 4_790)
    #expect(
      line(generic)
        == "IP 1.1.1.1.1234 > 2.2.2.2.4790: VXLAN-GPE, flags [I] (0x08), vni 66: "
        + "\(Self.stranger)\n")
    let header: [UInt8] = [0x10, 1, 0, 7, 0, 0, 0, 0]
    let mirrored = Frames.gre(header + udp, carrying: 0x88be, sequence: 9)
    #expect(line(mirrored).hasPrefix("IP 1.1.1.1 > 2.2.2.2: GREv0, seq 9, length "))
    #expect(line(mirrored).hasSuffix(": \(Self.stranger)\n"))
    #expect(line(mirrored) { $0.isVerbose = true }.contains("proto ERSPAN (0x88be)"))
    #expect(summary([generic, mirrored]).inner.facts.protocols.udp == 2)
  }

  @Test func aFragmentHasNothingInsideAndMayBeInside() {
    let first = Frames.ipv4(4, Frames.packet(Frames.udp()), flags: .moreFragments)
    let inside = Frames.packet(Frames.ipv4(4, Frames.packet(Frames.udp()), fragmentOffset: 64))
    let found = summary([first, Frames.gre(inside)])
    #expect(found.inner.count(of: .ip) == 0 && found.inner.count(of: .gre) == 1)
    #expect(found.inner.facts.protocols.ipv4Fragment == 1 && found.isSane == true)
  }

  @Test func anyBytesInsideAreLegal() {
    var random = SeededRandom()
    let frames = [
      Frames.vxlan(Frames.geneve(Frames.tcp())), Frames.gre(Frames.packet(Frames.icmpv6())),
      Frames.ipInIP(Frames.packet(Frames.ipInIP(Frames.packet(Frames.udp())))),
    ]
    var found = CaptureSummary(looksInside: true)
    for round in 0..<5_000 {
      var bytes = frames[round % frames.count]
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      let captured = Int.random(in: 0...bytes.count, using: &random)
      found.count(Array(bytes.prefix(captured)), wireByteCount: bytes.count)
      #expect(line(bytes, captured: captured).filter { $0 == "\n" }.count == 1)
    }
    found.checkInvariants()
    #expect(found.inner.packetCount > 100 && found.inner.facts.undecodable.count > 10)
  }

  // MARK: - Shown

  @Test func eachKindOfTunnelHasTcpdumpsWords() {
    let (udp, packet) = (Frames.udp(), Frames.packet(Frames.udp()))
    let (ports, ends) = ("IP 1.1.1.1.1234 > 2.2.2.2.", "IP 1.1.1.1 > 2.2.2.2: ")
    let inside = "\(Self.stranger)\n"
    #expect(line(Frames.vxlan(udp)) == ports + "4789: VXLAN, flags [I] (0x08), vni 66: " + inside)
    #expect(line(Frames.geneve(udp)) == ports + "6081: Geneve, Flags [none], vni 0xa: " + inside)
    #expect(
      line(Frames.geneve(packet, carrying: 0x800, options: [UInt8](repeating: 1, count: 8)))
        == ports + "6081: Geneve, Flags [none], vni 0xa, options [8 bytes]: " + inside)
    #expect(line(Frames.gre(packet)) == ends + "GREv0, length 35: " + inside)
    #expect(
      line(Frames.gre(udp, carrying: 0x6558, key: 77, sequence: 3))
        == ends + "GREv0, key=0x4d, seq 3, length 57: " + inside)
    #expect(line(Frames.ipInIP(packet)) == ends + inside)
    #expect(
      line(Frames.vxlan(Frames.arp)).hasSuffix(
        ", vni 66: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28\n"))
    #expect(
      line(Frames.gre(Frames.packet(Frames.vxlan(udp)), key: 5))
        == ends + "GREv0, key=0x5, length 89: " + ports
        + "4789: VXLAN, flags [I] (0x08), vni 66: " + inside)
    #expect(line(udp) == inside)
    #expect(
      line(Frames.vxlan(udp)) { $0.showsInner = false } == ports + "4789: UDP, length 53\n")
    #expect(
      line(Frames.geneve(udp)) { $0.showsLink = true }.hasSuffix(
        ": 1.1.1.1.1234 > 2.2.2.2.6081: Geneve, Flags [none], vni 0xa, proto TEB (0x6558): "
          + "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype IPv4 (0x0800), length 45: "
          + "10.0.0.1.4660 > 10.0.0.2.53: UDP, length 3\n"))
  }

  @Test func anObjectHoldsTheOneInside() throws {
    let frame = Frames.gre(Frames.packet(Frames.vxlan(Frames.tcp([1]).flipped(at: 54))))
    let outer = try object(frame)
    let middle = try #require(outer["inner"] as? [String: Any])
    let inner = try #require(middle["inner"] as? [String: Any])
    #expect(Set(outer.keys) == Set(middle.keys) && Set(outer.keys) == Set(inner.keys))
    #expect(inner["inner"] is NSNull && inner["tunnel"] is NSNull)
    let kinds = [outer, middle].map { ($0["tunnel"] as? [String: Any])?["kind"] as? String }
    #expect(kinds == ["gre", "vxlan"])
    let tunnel = try #require(middle["tunnel"] as? [String: Any])
    #expect(tunnel["identifier"] as? Int == 66 && tunnel["offset"] as? Int == 36)
    #expect((outer["tunnel"] as? [String: Any])?["identifier"] is NSNull)
    #expect(middle["link_type"] as? String == "RAW" && inner["link_type"] as? String == "EN10MB")
    #expect(middle["destination_port"] as? Int == 4_789 && inner["destination_port"] as? Int == 80)
    #expect(inner["number"] as? Int == 7 && inner["time_ns"] as? Int == 5)
    #expect(inner["faults"] as? [String] == ["bad-checksum"] && outer["faults"] as? [String] == [])
    #expect(inner["wire_bytes"] as? Int == 55)
    let alone = try object(frame, showsInner: false)
    #expect(alone["inner"] is NSNull && alone["tunnel"] is NSNull)
  }
}
