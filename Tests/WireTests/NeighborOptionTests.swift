// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct NeighborOptionTests {
  struct Found: Equatable {
    var kinds: [UInt8] = []
    var offsets: [Int] = []
    var error: ParseError?
    var end = 0
  }

  func walk(_ bytes: [UInt8]) -> Found {
    var found = Found()
    var walk = NeighborOptionWalk(bytes.raw)
    do throws(ParseError) {
      while let option = try walk.next() {
        found.kinds.append(option.kind.rawValue)
        found.offsets.append(option.offset)
      }
    } catch {
      found.error = error
    }
    found.end = walk.offset
    return found
  }

  static let prefixHex =
    "03 04 40 c0 00278d00 00093a80 00000000 20010db800000000 0000000000000000"

  @Test func optionsBothWays() throws {
    try checkHeader(
      "01 01 02005e100001", LinkAddressOption.source(MACAddress(0x0200_5e10_0001)), .icmpv6)
    try checkHeader(
      "02 01 02005e100001", LinkAddressOption.target(MACAddress(0x0200_5e10_0001)), .icmpv6)
    try checkHeader("05 01 0000 000005dc", MTUOption(1500), .icmpv6)
    try checkHeader(
      Self.prefixHex,
      PrefixInformation(
        prefix: IPv6Address(high: 0x2001_0db8_0000_0000, low: 0), prefixLength: 64,
        validSeconds: 2_592_000, preferredSeconds: 604_800), .icmpv6)
    try checkRoundTrip {
      PrefixInformation(
        prefix: $0.ipv6Address(), prefixLength: UInt8($0.below(129)),
        flags: PrefixInformation.Flags(rawValue: $0.number()), validSeconds: $0.number(),
        preferredSeconds: $0.number())
    }
    try checkRoundTrip {
      let address = MACAddress($0.number())
      return $0.oneIn(2) ? LinkAddressOption.source(address) : .target(address)
    }
  }

  @Test func otherOptionsAndLengthsAreRefused() {
    let wrong = { (wanted: Int, found: Int, reason: ParseError.Reason) in
      ParseError(.icmpv6, reason, wanted: wanted, available: found)
    }
    let eight = [UInt8](hex: "03 01 000000000000")
    #expect(LinkAddressOption.failure(eight) == wrong(1, 3, .unsupported))
    #expect(MTUOption.failure(eight) == wrong(5, 3, .unsupported))
    #expect(LinkAddressOption.failure([1, 2] + eight[2...]) == wrong(8, 16, .badLength))
    #expect(MTUOption.failure([5, 0] + eight[2...]) == wrong(8, 0, .badLength))
    var prefix = [UInt8](hex: Self.prefixHex)
    prefix[2] = 129
    #expect(PrefixInformation.failure(prefix) == wrong(128, 129, .badLength))
    prefix[1] = 5
    #expect(PrefixInformation.failure(prefix) == wrong(32, 40, .badLength))
    prefix[0] = 4
    #expect(PrefixInformation.failure(prefix) == wrong(3, 4, .unsupported))
  }

  @Test func eachIsReadByItsKind() throws {
    let servers =
      "19 05 0000 00000e10" + "20010db8000000000000000000000035"
      + "20010db8000000000000000000000036"
    let bytes = [UInt8](
      hex: "01 01 02005e100001 05 01 0000 000005dc" + Self.prefixHex + "fe 01 000000000000"
        + servers + "04 02 000000000000 60000000 00003b40")
    #expect(
      walk(bytes)
        == Found(kinds: [1, 5, 3, 0xfe, 25, 4], offsets: [0, 8, 16, 48, 56, 96], end: 112))
    var walk = NeighborOptionWalk(bytes.raw)
    while let option = try walk.next() {
      #expect((option.linkAddress != nil) == (option.kind == .sourceLinkAddress))
      #expect(option.mtu == (option.kind == .mtu ? 1500 : nil))
      #expect((option.prefixInformation?.prefixLength == 64) == (option.kind == .prefixInformation))
      #expect(option.nameServerCount == (option.kind == .nameServers ? 2 : 0))
      if option.kind == .nameServers {
        #expect(option.nameServer(1).low == 0x36)
        #expect(option.nameServerLifetimeInSeconds == 3600)
      }
      let packetByteCount = option.redirectedPacket?.byteCount
      #expect(packetByteCount == (option.kind == .redirectedHeader ? 8 : nil))
    }
  }

  @Test func aLengthOfZeroAndOneThatLiesEndTheWalk() {
    let good = [UInt8](hex: "01 01 02005e100001")
    let zero = walk(good + [UInt8](hex: "05 00 000000000000"))
    #expect(zero.error == ParseError(.icmpv6, .badLength, wanted: 8, available: 0, offset: 8))
    #expect(zero.kinds == [1] && zero.end == 8)
    let long = walk(good + [UInt8](hex: "05 02 000000000000"))
    #expect(long.error == ParseError(.icmpv6, .tooShort, wanted: 16, available: 8, offset: 8))
    for count in 1..<8 {
      let cut = walk(good + good[..<count])
      #expect(cut.error == ParseError(.icmpv6, .tooShort, wanted: 8, available: count, offset: 8))
    }
  }

  @Test func neverLeavesItsBytes() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      var bytes = random.bytes(random.below(100))
      for index in bytes.indices where index % 8 == 1 && !random.oneIn(4) {
        bytes[index] = UInt8(1 + random.below(3))
      }
      let found = walk(bytes)
      #expect(found.end <= bytes.count)
      #expect((found.error == nil) == (found.end == bytes.count))
    }
  }
}
