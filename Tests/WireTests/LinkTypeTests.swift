// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct LinkTypeTests {
  @Test(
    arguments: [
      (0, "NULL"), (1, "EN10MB"), (12, "RAW"), (14, "RAW"), (101, "RAW"), (108, "LOOP"),
      (113, "LINUX_SLL"), (228, "IPV4"), (229, "IPV6"), (276, "LINUX_SLL2"),
    ] as [(UInt32, String)])
  func supported(number: UInt32, name: String) {
    let type = LinkType(rawValue: number)
    #expect(type.isSupported)
    #expect(type.name == name)
  }

  /// The numbers are looked at one after the other, since the switches over them have a default.
  @Test(arguments: 0..<1_000 as Range<UInt32>)
  func aTypeWithAHeaderHasANameAndAStepOfTheWalk(number: UInt32) {
    let type = LinkType(rawValue: number)
    let bytes = [UInt8](repeating: 0, count: LinkType.longestHeaderByteCount)
    let frame = DecodedFrame(
      lax: unsafe bytes.span.bytes, linkType: type, capturedByteCount: bytes.count,
      wireByteCount: bytes.count)
    #expect(type.isSupported == (frame.link != .unsupported))
    #expect(type.isSupported == (type.name != "DLT_\(number)"))
    #expect(type.headerByteCount ?? 0 <= LinkType.longestHeaderByteCount)
  }

  @Test func othersAreNamedByNumber() {
    #expect(!LinkType(rawValue: 127).isSupported)
    #expect(LinkType(rawValue: 127).description == "DLT_127")
  }
}
