// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite struct DumpLineTests {
  /// 2001-09-09 01:46:40.123456789 UTC.
  static let time: Int64 = 1_000_000_000_123_456_789

  private func line(
    _ bytes: [UInt8], wireByteCount: Int? = nil, number: Int = 1,
    linkType: LinkType = .ethernet, _ change: (inout DumpStyle) -> Void = { $0.time = .none }
  ) -> String {
    var style = DumpStyle()
    change(&style)
    var line = DumpLine(style)
    line.write(
      InspectedFrame(
        bytes: bytes.raw, number: number, timestampInNanoseconds: Self.time,
        wireByteCount: wireByteCount ?? bytes.count, linkType: linkType))
    return line.text.string
  }

  @Test func eachProtocolHasItsLine() {
    let addresses = "10.0.0.1 > 10.0.0.2: "
    let addresses6 = "IP6 2001:db8::1 > 2001:db8::2: "
    #expect(line(Frames.udp()) == "IP 10.0.0.1.4660 > 10.0.0.2.53: UDP, length 3\n")
    #expect(
      line(Frames.tcp([1, 2])) == "IP 10.0.0.1.4660 > 10.0.0.2.80: Flags [P.], seq 100:102, "
        + "ack 200, win 4096, length 2\n")
    #expect(
      line(Frames.tcp(flags: 0x10))
        == "IP 10.0.0.1.4660 > 10.0.0.2.80: Flags [.], ack 200, win 4096, length 0\n")
    #expect(
      line(
        Frames.tcp(
          flags: 0x02, options: [UInt8](hex: "020405b4 0402 080a00000001 00000002 01 030307")))
        == "IP 10.0.0.1.4660 > 10.0.0.2.80: Flags [S], seq 100, win 4096, options [mss 1460,"
        + "sackOK,TS val 1 ecr 2,nop,wscale 7], length 0\n")
    #expect(
      line(Frames.tcp(flags: 0xff, options: [UInt8](hex: "050a 00000001 00000002 fe02")))
        == "IP 10.0.0.1.4660 > 10.0.0.2.80: Flags [FSRP.UEW], seq 100, ack 200, win 4096, urg 0, "
        + "options [sack 1 {1:2},kind 254], length 0\n")
    #expect(line(Frames.icmp()) == "IP \(addresses)ICMP echo request, id 7, seq 1, length 10\n")
    #expect(line(Frames.icmp(0)) == "IP \(addresses)ICMP echo reply, id 7, seq 1, length 10\n")
    #expect(line(Frames.icmp(13)) == "IP \(addresses)ICMP type 13, code 0, length 10\n")
    #expect(line(Frames.icmp(11)) == "IP \(addresses)ICMP time exceeded in-transit, length 10\n")
    #expect(
      line(Frames.icmpv6()) == addresses6 + "ICMP6, echo request, id 7, seq 1, length 10\n")
    #expect(line(Frames.ipv4(2, [1, 2])) == "IP \(addresses)igmp, length 2\n")
    #expect(line(Frames.ipv4(200, [1, 2])) == "IP \(addresses)ip-proto-200, length 2\n")
    #expect(line(Frames.arp) == "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28\n")
    #expect(line(Frames.ethernet(0x88cc, [1])) == "ethertype 0x88cc, length 1\n")
    #expect(line(Frames.ethernet(3, [1, 2, 3])) == "802.3, length 3\n")
    #expect(line([1, 2, 3], linkType: LinkType(rawValue: 147)) == "link type 147, length 3\n")
  }

  @Test func anErrorNamesWhomItIsAbout() {
    let quoted = Array(Frames.udp().dropFirst(14))
    func error(_ type: UInt8, _ code: UInt8, rest: [UInt8] = [0, 0, 5, 0]) -> String {
      let text = line(Frames.icmp(type, code: code, rest: rest + quoted))
      return String(
        text.dropFirst("IP 10.0.0.1 > 10.0.0.2: ICMP ".count).dropLast(", length 41\n".count))
    }
    #expect(error(3, 0) == "net 10.0.0.2 unreachable")
    #expect(error(3, 1) == "host 10.0.0.2 unreachable")
    #expect(error(3, 2) == "10.0.0.2 protocol 17 unreachable")
    #expect(error(3, 3) == "10.0.0.2 udp port 53 unreachable")
    #expect(error(3, 4) == "10.0.0.2 unreachable - need to frag (mtu 1280)")
    #expect(error(3, 13) == "host 10.0.0.2 unreachable - admin prohibited filter")
    #expect(line(Frames.icmp(3, code: 3)).contains("ICMP ? unreachable"))
  }

  @Test func fragmentsHaveTheirPlace() {
    let payload = [UInt8](Frames.udp([UInt8](repeating: 1, count: 16)).dropFirst(34))
    #expect(
      line(Frames.ipv4(17, payload, flags: .moreFragments))
        == "IP 10.0.0.1.4660 > 10.0.0.2.53: UDP, length 16 (frag 0:24@0+)\n")
    #expect(
      line(Frames.ipv4(17, [1, 2, 3], fragmentOffset: 24))
        == "IP 10.0.0.1 > 10.0.0.2: UDP, length 3 (frag 0:3@24)\n")
    let fragment = [UInt8](hex: "11 00 0019 00000009") + [1, 2, 3, 4, 5, 6, 7, 8]
    #expect(
      line(Frames.ipv6(44, fragment))
        == "IP6 2001:db8::1 > 2001:db8::2: UDP, length 8 (frag 8@24+)\n")
  }

  @Test func theLinkHeaderIsShownWhereItIsAskedFor() {
    let link: (inout DumpStyle) -> Void = {
      $0.time = .none
      $0.showsLink = true
    }
    let macs = "02:00:00:00:00:01 > 02:00:00:00:00:02"
    #expect(
      line(Frames.udp(), link)
        == "\(macs), ethertype IPv4 (0x0800), length 45: 10.0.0.1.4660 > 10.0.0.2.53: UDP, length 3\n"
    )
    var tagged = Frames.udp()
    tagged.insert(contentsOf: [UInt8](hex: "88a8 00c8 8100 b064"), at: 12)
    #expect(
      line(tagged, link)
        == "\(macs), ethertype 802.1Q-QinQ (0x88a8), length 53: vlan 200, p 0, ethertype 802.1Q "
        + "(0x8100), vlan 100, p 5, DEI, ethertype IPv4 (0x0800), 10.0.0.1.4660 > 10.0.0.2.53: UDP, "
        + "length 3\n")
    #expect(line(tagged) == "IP 10.0.0.1.4660 > 10.0.0.2.53: UDP, length 3\n")
  }

  @Test func verboseShowsFieldsAndChecksums() {
    let verbose: (inout DumpStyle) -> Void = {
      $0.time = .none
      $0.isVerbose = true
    }
    #expect(
      line(Frames.udp(), verbose)
        == "IP (tos 0x0, ttl 64, id 0, offset 0, flags [none], proto UDP (17), length 31) "
        + "10.0.0.1.4660 > 10.0.0.2.53: [udp sum ok] UDP, length 3\n")
    #expect(line(Frames.tcp([1]).flipped(at: 54), verbose).contains("(incorrect), seq"))
    #expect(
      line(Frames.icmpv6(), verbose)
        == "IP6 (hlim 64, next-header ICMPv6 (58), payload length 10) 2001:db8::1 > 2001:db8::2: "
        + "[icmp6 sum ok] ICMP6, echo request, id 7, seq 1, length 10\n")
  }

  @Test func portsAreShownWhereTheHeaderIsCutBehindThem() {
    let none = "10.0.0.1 > 10.0.0.2"
    for (frame, name, port) in [(Frames.udp(), "UDP", 53), (Frames.tcp([1, 2]), "TCP", 80)] {
      for count in 0...7 {
        let cut = line(Array(frame.prefix(34 + count)), wireByteCount: frame.count)
        let ends = count < 4 ? none : "10.0.0.1.4660 > 10.0.0.2.\(port)"
        #expect(cut.hasPrefix("IP \(ends): \(name), length "), "\(count): \(cut)")
      }
    }
    // Behind IP's own end stands padding.
    let short = Frames.ipv4(17, [0x12, 0x34]) + [UInt8](repeating: 7, count: 20)
    #expect(line(short).hasPrefix("IP \(none): UDP, length 2 [udp: too short"))
    let fragment = Frames.ipv4(17, [1, 2, 3, 4, 5, 6, 7, 8], fragmentOffset: 24)
    #expect(line(fragment).hasPrefix("IP \(none): UDP, "))
  }

  @Test func aLengthThatCannotBeIsShownBesideWhatCan() {
    let udp = [UInt8](hex: "1234 0035")
    #expect(
      line(Frames.ipv4(17, udp + [UInt8](hex: "ea60 0000 01 02 03")))
        .contains("UDP, bad length 60000 > 11 [udp: bad length field"))
    #expect(
      line(Frames.ipv4(17, udp + [UInt8](hex: "0004 0000 01 02 03")))
        .contains("UDP, bad length 4 < 8 [udp: bad length field"))
    func tcp(_ offset: UInt8) -> String {
      var frame = Frames.tcp([1, 2])
      frame[46] = offset << 4
      return line(frame)
    }
    #expect(tcp(2).contains("], bad hdr length 8 < 20 [tcp: bad header length"))
    #expect(tcp(15).contains("], bad hdr length 60 > 22 [tcp: bad header length"))
    #expect(tcp(5).contains("length 2"))
  }

  @Test func whatIsWrongStandsAtTheEnd() {
    let good = Frames.udp()
    #expect(line(good.flipped(at: good.count - 1)).hasSuffix("UDP, length 3 [bad udp cksum]\n"))
    #expect(line(good.flipped(at: 22)).hasSuffix("UDP, length 3 [bad ip cksum]\n"))
    #expect(
      line(Array(good.prefix(43)), wireByteCount: good.count)
        .hasSuffix("UDP, length 3 [cut: 43 of 45 bytes]\n"))
    #expect(
      line(Array(good.prefix(38))).hasSuffix(
        "UDP, length 11 [ipv4: bad length field at 14: wanted 31 bytes, available 24, "
          + "limited by capture]\n") || line(Array(good.prefix(38))).contains("[ipv4: "))
    #expect(
      line([1, 2, 3])
        == "length 3 [ethernet: too short: wanted 14 bytes at 0, available 3, limited by capture]\n"
    )
    #expect(line([]).hasPrefix("length 0 [ethernet: too short"))
  }

  @Test func timesAreShownAsAskedFor() {
    func times(_ time: DumpStyle.Time, digits: Int = 6) -> [String] {
      var style = DumpStyle()
      style.time = time
      style.fractionDigits = digits
      style.zoneOffset = { _ in 3_600 }
      var line = DumpLine(style)
      let arp = Frames.arp
      for offset: Int64 in [0, 1_500_000_001, -2_000] {
        line.write(
          InspectedFrame(
            bytes: arp.raw, number: 1, timestampInNanoseconds: Self.time + offset,
            wireByteCount: 42, linkType: .ethernet))
      }
      return line.text.string.split(separator: "\n").map {
        String($0.prefix { $0 != "A" }.dropLast())
      }
    }
    #expect(times(.none) == ["", "", ""])
    #expect(times(.clock) == ["02:46:40.123456", "02:46:41.623456", "02:46:40.123454"])
    #expect(times(.clock, digits: 9)[1] == "02:46:41.623456790")
    #expect(times(.clock, digits: 0)[1] == "02:46:41")
    #expect(times(.date)[0] == "2001-09-09 02:46:40.123456")
    #expect(times(.epoch)[1] == "1000000001.623456")
    #expect(times(.delta) == [" 00:00:00.000000", " 00:00:01.500000", "-00:00:01.500002"])
    #expect(times(.sinceFirst) == [" 00:00:00.000000", " 00:00:01.500000", "-00:00:00.000002"])
  }

  @Test func numbersAndBytesAreInTheirColumns() {
    let numbered: (inout DumpStyle) -> Void = {
      $0.time = .none
      $0.showsNumber = true
    }
    for (number, text) in [(1, "    1  "), (99_999, "99999  "), (123_456, "123456  ")] {
      #expect(line(Frames.arp, number: number, numbered).hasPrefix(text + "ARP"))
    }
    let frame = Frames.ethernet(
      0x88cc, [UInt8](hex: "41 42 43 20 00 61 62 63 64 65 66 67 68 69 6a 6b 7e 7f ff"))
    #expect(
      line(frame) {
        $0.time = .none; $0.bytes = .hexAndText
      } == """
        ethertype 0x88cc, length 19
        \t0x0000:  4142 4320 0061 6263 6465 6667 6869 6a6b  ABC..abcdefghijk
        \t0x0010:  7e7f ff                                  ~..

        """)
    #expect(
      line(frame) {
        $0.time = .none; $0.bytes = .hex; $0.bytesHaveLink = true
      } == """
        ethertype 0x88cc, length 19
        \t0x0000:  0200 0000 0002 0200 0000 0001 88cc 4142
        \t0x0010:  4320 0061 6263 6465 6667 6869 6a6b 7e7f
        \t0x0020:  ff

        """)
  }

  @Test func aRecordOfJSONHasEveryMember() {
    var object = DumpObject()
    let frame = Frames.udp()
    object.write(
      InspectedFrame(
        bytes: frame.raw, number: 7, timestampInNanoseconds: Self.time, wireByteCount: 50,
        linkType: .ethernet))
    #expect(
      object.text.string == #"{"number":7,"time_ns":1000000000123456789,"link_type":"EN10MB","#
        + #""captured_bytes":45,"wire_bytes":50,"vlan":[],"ethertype":2048,"network":"ipv4","#
        + #""source":"10.0.0.1","destination":"10.0.0.2","protocol":17,"ip_bytes":31,"#
        + #""fragment":null,"transport":"udp","source_port":4660,"destination_port":53,"#
        + #""transport_bytes":11,"payload_bytes":3,"checksums":{"ipv4":"valid","#
        + #""transport":"valid"},"faults":["cut"],"stop":null,"tunnel":null,"inner":null}"# + "\n")
  }

  @Test func anyBytesAtAllAreALine() {
    var random = SeededRandom()
    let types: [LinkType] = [.ethernet, .raw, .linuxSLL, .linuxSLL2, .null, .loop]
    var style = DumpStyle()
    style.showsLink = true
    style.isVerbose = true
    style.bytes = .hexAndText
    var all = 0
    var plain = DumpLine(DumpStyle())
    var object = DumpObject()
    var verbose = DumpLine(style)
    let frames = [
      Frames.udp(), Frames.tcp([1], options: [UInt8](hex: "020405b4 01010402 0000")),
      Frames.icmp(3, code: 3, rest: [0, 0, 0, 0] + Frames.udp().dropFirst(14)), Frames.icmpv6(135),
      Frames.arp, Frames.ipv6(44, [17, 0, 0, 1, 0, 0, 0, 9, 1, 2]),
    ]
    for _ in 0..<Steps.of(50_000) {
      var bytes = frames.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 0..<5, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      bytes = Array(bytes.prefix(Int.random(in: 0...100, using: &random)))
      let frame = InspectedFrame(
        bytes: bytes.raw, number: all + 1,
        timestampInNanoseconds: Int64.random(in: .min ... .max, using: &random),
        wireByteCount: Int.random(in: 0...200, using: &random),
        linkType: types.randomElement(using: &random) ?? .ethernet)
      plain.write(frame)
      verbose.write(frame)
      object.write(frame)
      all += 1
    }
    let lines = plain.text.string.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == all + 1)
    #expect(object.text.string.split(separator: "\n").count == all)
  }
}
