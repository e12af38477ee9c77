// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Wire

@Suite struct InternetChecksumTests {
  func sum(_ pieces: [ArraySlice<UInt8>]) -> UInt16 {
    var sum = InternetChecksum()
    for piece in pieces {
      sum.add([UInt8](piece).raw)
    }
    return sum.folded
  }

  @Test func theExampleOfRFC1071() {
    let bytes = [UInt8](hex: "0001 f203 f4f5 f6f7")
    #expect(sum([bytes[...]]) == 0xddf2)
  }

  @Test func everySegmentationOfSmallBuffers() {
    var random = SeededRandom()
    for count in 0...12 {
      let bytes = random.bytes(count)
      let wanted = referenceSum(bytes)
      // Each bit of `cuts` says whether a piece ends there.
      for cuts in 0..<(1 << max(count - 1, 0)) {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for index in 1..<max(count, 1) where cuts >> (index - 1) & 1 == 1 {
          pieces.append(bytes[start..<index])
          start = index
        }
        pieces.append(bytes[start...])
        #expect(sum(pieces) == wanted)
      }
    }
  }

  @Test func everyLengthAtEveryAlignment() {
    var random = SeededRandom()
    let bytes = random.bytes(220)
    for start in 0..<8 {
      for count in 0...200 {
        #expect(
          sum([bytes[start..<start + count]]) == referenceSum([UInt8](bytes[start..<start + count]))
        )
      }
    }
  }

  @Test func randomBuffersInRandomPieces() {
    var random = SeededRandom()
    for _ in 0..<2000 {
      let fill: UInt8? = random.oneIn(8) ? (random.oneIn(2) ? 0xff : 0) : nil
      let bytes = random.bytes(random.below(2000)).map { fill ?? $0 }
      var pieces: [ArraySlice<UInt8>] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = 1 + random.below(min(rest.count, 97))
        pieces.append(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
      #expect(sum(pieces) == referenceSum(bytes))
    }
  }

  @Test func numbersAddAsTheirBytesDo() {
    for lead in [[], [0x77]] as [[UInt8]] {
      var sum = InternetChecksum()
      sum.add(lead.raw)
      sum.add(0x0102 as UInt16)
      sum.add(0x0304_0506 as UInt32)
      sum.add(0x0708_090a_0b0c_0d0e as UInt64)
      #expect(sum.folded == referenceSum(lead + (1...14)))
    }
  }

  @Test func sumsAddAsTheirBytesDo() {
    var random = SeededRandom()
    for _ in 0..<500 {
      let (one, two) = (random.bytes(random.below(9)), random.bytes(random.below(9)))
      let three = random.bytes(random.below(9))
      var (left, right) = (InternetChecksum(), InternetChecksum())
      left.add(one.raw)
      right.add(two.raw)
      left.add(right)
      left.add(three.raw)
      #expect(left.folded == referenceSum(one + two + three))
    }
  }

  @Test func foldingTakesAnySum() {
    var random = SeededRandom()
    let edges: [UInt64] = [0, 1, 0xffff, 0x1_0000, .max, .max - 1, .max << 16]
    for sum in edges + (0..<1000).map({ _ in random.next() }) {
      let wanted = sum == 0 ? 0 : (sum % 0xffff == 0 ? 0xffff : sum % 0xffff)
      #expect(UInt64(InternetChecksum.fold(sum)) == wanted)
    }
  }

  @Test func everyFlippedBitIsDetected() {
    var random = SeededRandom()
    var bytes = random.bytes(61)
    bytes.put(0, at: 10)
    bytes.put(~referenceSum(bytes), at: 10)
    #expect(sum([bytes[...]]) == 0xffff)
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect(sum([flipped[...]]) != 0xffff, "bit \(bit)")
    }
  }
}

@Suite struct InternetChecksumPseudoHeaderTests {
  @Test func pseudoHeadersSumAsTheirBytes() {
    let v4 = InternetChecksum.pseudoHeader(
      source: IPv4Address(10, 0, 0, 1), destination: IPv4Address(192, 168, 7, 9), protocol: .udp,
      byteCount: 1234)
    #expect(v4.folded == referenceSum([UInt8](hex: "0a000001 c0a80709 00 11 04d2")))
    let v6 = InternetChecksum.pseudoHeader(
      source: IPv6Address(high: 0xfe80 << 48, low: 0x0102_0304_0506_0708),
      destination: IPv6Address(high: 0xff02 << 48, low: 2), protocol: .icmpv6, byteCount: 70_000)
    #expect(
      v6.folded
        == referenceSum(
          [UInt8](
            hex: """
              fe80000000000000 0102030405060708 ff02000000000000 0000000000000002
              00011170 000000 3a
              """)))
  }

  /// RFC 1624 section 4: 0xdd2f, 0x5555 -> 0x3285 gives 0, where RFC 1141 gave 0xffff.
  @Test func theExampleOfRFC1624() {
    #expect(InternetChecksum.updated(checksum: 0xdd2f, from: 0x5555 as UInt16, to: 0x3285) == 0)
  }

  @Test func anUpdateEqualsAFreshSum() {
    var random = SeededRandom()
    for _ in 0..<5000 {
      // The first word stays, and is not zero: all bytes zero has no checksum to keep.
      var bytes: [UInt8] = [1] + random.bytes(19)
      let offset = 2 + 2 * random.below(8)
      let old =
        UInt32(bytes[offset]) << 24 | UInt32(bytes[offset + 1]) << 16
        | UInt32(bytes[offset + 2]) << 8 | UInt32(bytes[offset + 3])
      let before = ~referenceSum(bytes)
      let new: UInt32 = random.oneIn(4) ? 0 : random.oneIn(4) ? .max : random.number()
      bytes.put(UInt16(new >> 16), at: offset)
      bytes.put(UInt16(new & 0xffff), at: offset + 2)
      #expect(
        InternetChecksum.updated(checksum: before, from: old, to: new) == ~referenceSum(bytes))
    }
  }
}
