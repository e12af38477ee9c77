// SPDX-License-Identifier: BSD-2-Clause

import Pcap
import TestSupport
import Testing

@Suite struct FileNameTests {
  @Test(
    arguments: [
      ([], ""), (Array("caf\u{e9} \u{1f422}.pcap".utf8), "caf\u{e9} \u{1f422}.pcap"),
      ([0x63, 0xe9, 0x2e], "c\u{10ffe9}."), ([0x80, 0xff], "\u{10ff80}\u{10ffff}"),
      // A character that is cut, one written with more bytes than it takes, half a surrogate pair.
      ([0xf0, 0x9f, 0x90], "\u{10fff0}\u{10ff9f}\u{10ff90}"),
      ([0xc1, 0xbf], "\u{10ffc1}\u{10ffbf}"),
      ([0xed, 0xa0, 0x80], "\u{10ffed}\u{10ffa0}\u{10ff80}"),
      // The scalar that stands for a byte, in a name of its own.
      ([0xf4, 0x8f, 0xbe, 0x80], "\u{10fff4}\u{10ff8f}\u{10ffbe}\u{10ff80}"),
    ] as [([UInt8], String)])
  func aNameIsAStringAndBack(_ bytes: [UInt8], _ name: String) {
    // By scalars: equal strings may be different names.
    #expect(Array(FileName.string(of: bytes).unicodeScalars) == Array(name.unicodeScalars))
    #expect(FileName.bytes(of: name) == bytes)
  }

  @Test func anyBytesComeBack() {
    var random = SeededRandom()
    let pieces: [[UInt8]] = [
      [0xf4, 0x8f], [0xbe], [0xe2, 0x82, 0xac], [0xed], [0x65, 0xcc, 0x81],
    ]
    for _ in 0..<2_000 {
      var bytes: [UInt8] = []
      for _ in 0..<random.next() % 8 {
        bytes +=
          random.chance(50)
          ? pieces.randomElement(using: &random) ?? [] : [UInt8.random(in: 1...255, using: &random)]
      }
      #expect(FileName.bytes(of: FileName.string(of: bytes)) == bytes)
    }
  }
}
