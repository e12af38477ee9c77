// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

@Suite struct LinkTraitsTests {
  private func packet(_ type: [UInt8], _ byteCount: Int, _ linkType: LinkType = .ethernet) throws
    -> Packet
  {
    let payload = [UInt8](repeating: 0, count: byteCount - 14)
    let bytes = DecodedTests.ethernet(type, payload)
    var packet = unsafe try MbufPool().packet(copying: bytes.span.bytes)
    packet.linkType = linkType.rawValue
    return packet
  }

  @Test func oneTagMayBeBeyondTheMTU() throws {
    let traits = LinkTraits(linkType: .ethernet, mtu: 100)
    let lengths: [(type: [UInt8], most: Int)] = [
      ([8, 0], 114), ([0x81, 0], 118), ([0x88, 0xa8], 114), ([0x86, 0xdd], 114),
    ]
    for (type, most) in lengths {
      for byteCount in 110...122 {
        let packet = try packet(type, byteCount)
        do throws(InterfaceError) {
          try traits.check(packet, at: "it")
          #expect(byteCount <= most, "\(type)")
        } catch {
          #expect(error.kind == .tooLong(byteCount: byteCount, limit: 114))
          #expect(byteCount > most, "\(type)")
        }
      }
    }
    // Raw IP has no tags, whatever its bytes look like.
    let raw = try packet([0x81, 0], 104, .raw)
    #expect(throws: InterfaceError.self) {
      try LinkTraits(linkType: .raw, mtu: 100).check(raw, at: "")
    }
  }

  @Test func whatIsTrueAtEitherOfTwoEnds() {
    let first = LinkTraits(
      linkType: .ethernet, mtu: 1_500, timeUnitInNanoseconds: 1_000,
      capabilities: .completesChecksums)
    let second = LinkTraits(linkType: .ethernet, mtu: 900)
    #expect(
      first.common(with: second)
        == LinkTraits(linkType: .ethernet, mtu: 900, timeUnitInNanoseconds: 1_000))
    #expect(first.common(with: LinkTraits(linkType: .raw)).linkType == nil)
  }

  @Test func aSourceOfAnotherLinkTypeIsRefusedWithWhatToType() {
    let ethernet = LinkTraits(linkType: .ethernet)
    let raw = LinkTraits(linkType: .raw)
    #expect(throws: Never.self) { try ethernet.check(source: LinkTraits(), at: "it") }
    #expect(throws: Never.self) {
      try raw.check(source: LinkTraits(linkType: LinkType(rawValue: 101)), at: "")
    }
    let toRaw = #expect(throws: InterfaceError.self) { try raw.check(source: ethernet, at: "it") }
    #expect(toRaw?.advice.contains("--dlt raw") == true)
    let toEthernet = #expect(throws: InterfaceError.self) {
      try ethernet.check(source: raw, at: "it")
    }
    #expect(toEthernet?.advice.contains("--dlt enet") == true)
  }
}
