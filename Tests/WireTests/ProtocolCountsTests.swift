// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ProtocolCountsTests {
  func counts(_ bytes: [UInt8], _ type: LinkType = .ethernet) -> ProtocolCounts {
    var counts = ProtocolCounts()
    counts.count(DecodedFrame(bytes, type))
    return counts
  }

  func wanted(_ fill: (inout ProtocolCounts) -> Void) -> ProtocolCounts {
    var counts = ProtocolCounts()
    fill(&counts)
    return counts
  }

  @Test func oneOfEach() {
    var total = ProtocolCounts()
    for (etherType, packet) in Frames.packets {
      total += counts(Frames.ethernet(etherType, packet))
    }
    #expect(
      total
        == wanted {
          $0.arp = 1
          $0.ipv4 = 7
          $0.ipv6 = 7
          $0.udp = 6
          $0.tcp = 2
          $0.icmp = 1
          $0.icmpv6 = 1
          $0.ipv4Fragment = 2
          $0.ipv6Fragment = 2
        })
  }

  @Test func whatAPacketCarriesWithinDoesNotCount() {
    // An ICMP error quotes the datagram it is about; a tunnel carries another packet.
    let inner = Frames.ipv4(.udp, Frames.udp([1]))
    let error = [UInt8](hex: "0303 0000 00000000") + inner
    #expect(
      counts(Frames.ethernet(.ipv4, Frames.ipv4(.icmp, error)))
        == wanted {
          $0.ipv4 = 1
          $0.icmp = 1
        })
    #expect(
      counts(Frames.ethernet(.ipv6, Frames.ipv6(.ipv4, inner))) == wanted { $0.ipv6 = 1 })
  }

  @Test func udpLiteIsNotUDP() {
    #expect(
      counts(Frames.ethernet(.ipv4, Frames.ipv4(.udpLite, Frames.udp([1]))))
        == wanted { $0.ipv4 = 1 }
    )
  }

  @Test func tags() {
    let packet = Frames.ipv4(.gre, [])
    #expect(
      counts(Frames.ethernet(.vlan, Frames.tag(1, .ipv4) + packet))
        == wanted {
          $0.ipv4 = 1
          $0.vlan = 1
        })
    #expect(
      counts(Frames.ethernet(.serviceVLAN, Frames.tag(1, .ipv4) + packet))
        == wanted {
          $0.ipv4 = 1
          $0.qinq = 1
        })
    #expect(
      counts(Frames.ethernet(.serviceVLAN, Frames.tag(1, .vlan) + Frames.tag(2, .ipv4) + packet))
        == wanted {
          $0.ipv4 = 1
          $0.vlan = 1
          $0.qinq = 1
        })
  }

  @Test func others() {
    let other = wanted { $0.other = 1 }
    #expect(counts(Frames.ethernet(EtherType(rawValue: 0x88cc), [1, 2, 3])) == other)
    #expect(counts([]) == other)
    #expect(counts(Frames.ethernet(.ipv4, Frames.packets[1].1), LinkType(rawValue: 127)) == other)
    #expect(counts([0x55, 0, 0], .raw) == other)
  }

  @Test func aCutHeaderCountsByItsName() {
    #expect(counts(Frames.ethernet(.ipv6, [0x60])) == wanted { $0.ipv6 = 1 })
    let cut = [UInt8](Frames.ethernet(.ipv4, Frames.packets[1].1)[..<36])
    #expect(
      counts(cut)
        == wanted {
          $0.ipv4 = 1
          $0.udp = 1
        })
  }
}
