// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Wire

@Suite struct ChecksumChangeTests {
  /// Words at which carries and the two zeros of ones' complement show.
  static let edges: [UInt16] = [0, 1, 0x7fff, 0x8000, 0xff00, 0xfffe, 0xffff]

  private func checksum(_ words: [UInt16]) -> UInt16 {
    var sum = InternetChecksum()
    for word in words { sum.add(word) }
    return sum.complement
  }

  @Test func everyWordInThePlaceOfEdges() {
    for others in [[0x4500, 0x1234], [0, 1], [0xffff, 0xffff]] as [[UInt16]] {
      for edge in Self.edges {
        let atEdge = checksum(others + [edge])
        for word in 0...UInt16.max {
          let atWord = checksum(others + [word])
          var there = ChecksumChange()
          there.replace(edge, by: word)
          var back = ChecksumChange()
          back.replace(word, by: edge)
          guard there.applied(to: atEdge) == atWord, back.applied(to: atWord) == atEdge else {
            Issue.record("\(others), \(edge) by \(word)")
            return
          }
        }
      }
    }
  }

  @Test func theExampleOfRFC1624() {
    var change = ChecksumChange()
    change.replace(0x5555 as UInt16, by: 0x3285)
    #expect(change.applied(to: 0xdd2f) == 0x0000)
  }

  @Test func anyFieldsOfAnyWidthAsAWholeSum() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      var bytes = random.bytes(64)
      bytes[0] = 0x45
      let before = referenceSum(bytes)
      var change = ChecksumChange()
      for _ in 0...random.below(4) {
        let width = [2, 4, 8, 16][random.below(4)]
        let place = 2 + 2 * random.below((62 - width) / 2)
        let new: [UInt8] =
          random.oneIn(6) ? [UInt8](repeating: 0xff, count: width) : random.bytes(width)
        let old = Array(bytes[place..<place + width])
        bytes.replaceSubrange(place..<place + width, with: new)
        switch width {
        case 2:
          change.replace(
            FixedBytes<2>(old.raw, at: 0).uint16(at: 0),
            by: FixedBytes<2>(new.raw, at: 0).uint16(at: 0))
        case 4:
          change.replace(
            FixedBytes<4>(old.raw, at: 0).ipv4Address(at: 0),
            by: FixedBytes<4>(new.raw, at: 0).ipv4Address(at: 0))
        case 8:
          change.replace(
            FixedBytes<8>(old.raw, at: 0).uint64(at: 0),
            by: FixedBytes<8>(new.raw, at: 0).uint64(at: 0))
        default:
          change.replace(
            FixedBytes<16>(old.raw, at: 0).ipv6Address(at: 0),
            by: FixedBytes<16>(new.raw, at: 0).ipv6Address(at: 0))
        }
      }
      let after = referenceSum(bytes)
      #expect(change.applied(to: ~before) == ~after)
      #expect(change.applied(toPartial: before) == after)
      #expect(
        change.applied(toUDP: ~before == 0 ? 0xffff : ~before) == (~after == 0 ? 0xffff : ~after))
      // A checksum that was wrong is wrong by as much.
      let wrong: UInt16 = random.number()
      let difference = Int(wrong) - Int(~before)
      let kept = Int(change.applied(to: wrong)) - Int(~after)
      #expect((difference - kept) % 0xffff == 0)
    }
  }

  @Test func nothingReplacedIsNothingChanged() {
    var change = ChecksumChange()
    change.replace(0x1234 as UInt16, by: 0x1234)
    change.replace(IPv6Address.loopback, by: .loopback)
    #expect(change.isEmpty)
    for checksum in 0...UInt16.max {
      #expect(change.applied(to: checksum) == checksum)
      #expect(change.applied(toUDP: checksum) == checksum)
      #expect(change.applied(toPartial: checksum) == checksum)
    }
  }

  @Test func noneStaysNone() {
    var change = ChecksumChange()
    change.replace(1 as UInt16, by: 2)
    #expect(change.applied(toUDP: 0) == 0)
    #expect(change.applied(to: 0) == 0xfffe)
  }

  @Test func thereAndBackIsWhereItWas() {
    for checksum in 0...UInt16.max where checksum != 0xffff {
      var change = ChecksumChange()
      change.replace(0xabcd_ef01 as UInt32, by: 0x1234_5678)
      var back = ChecksumChange()
      back.replace(0x1234_5678 as UInt32, by: 0xabcd_ef01)
      #expect(back.applied(to: change.applied(to: checksum)) == checksum)
    }
  }
}
