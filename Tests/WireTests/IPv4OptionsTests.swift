// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct IPv4OptionsTests {
  @Test func kindsAreCopiedByTheirTopBit() {
    let copied: [IPv4OptionKind] = [
      .security, .looseSourceRoute, .stream, .strictSourceRoute, .routerAlert,
    ]
    #expect(copied.map(\.isCopied) == [true, true, true, true, true])
    let first: [IPv4OptionKind] = [.end, .nothing, .recordRoute, .timestamp]
    #expect(first.map(\.isCopied) == [false, false, false, false])
    #expect(IPv4OptionKind.looseSourceRoute.isSourceRoute)
    #expect(!IPv4OptionKind.recordRoute.isSourceRoute)
  }

  @Test func routesAreRead() throws {
    let bytes = [UInt8](hex: "01 83 0b 08 c0000201 c0000202 94 04 0001")
    let options = bytes.raw
    var walk = HeaderOptionWalk(options)
    var (routeCount, alerts) = (0, [UInt16]())
    while let option = walk.next() {
      if let alert = option.routerAlert(of: options) { alerts.append(alert) }
      guard let route = IPv4RouteOption(option, of: options) else { continue }
      routeCount += 1
      #expect(route.kind == .looseSourceRoute && route.pointer == 8 && route.addressCount == 2)
      #expect(route.address(0) == IPv4Address(192, 0, 2, 1) && route.passedCount == 1)
      #expect(!route.isFull && route.nextStop == IPv4Address(192, 0, 2, 2))
    }
    #expect(routeCount == 1 && alerts == [1])
  }

  @Test(arguments: [
    ("89 07 04 c0000201", 0, false, true), ("89 07 08 c0000201", 1, true, false),
    ("07 07 04 c0000201", 0, false, false), ("83 07 00 c0000201", 0, false, false),
    ("83 07 05 c0000201", 0, false, false), ("83 07 ff c0000201", 1, true, false),
    ("83 03 04", 0, true, false),
  ])
  func pointersOfRoutes(text: String, passed: Int, isFull: Bool, hasNext: Bool) {
    let bytes = [UInt8](hex: text)
    var walk = HeaderOptionWalk(bytes.raw)
    guard let option = walk.next(), let route = IPv4RouteOption(option, of: bytes.raw) else {
      Issue.record("no route")
      return
    }
    #expect(route.passedCount == passed && route.isFull == isFull)
    #expect((route.nextStop != nil) == hasNext)
  }

  @Test func timesAreRead() {
    let bytes = [UInt8](hex: "44 14 0d 21 c0000201 00000007 c0000202 00000000")
    var walk = HeaderOptionWalk(bytes.raw)
    guard let option = walk.next(), let times = IPv4TimestampOption(option, of: bytes.raw) else {
      Issue.record("no time stamps")
      return
    }
    #expect(times.form == .addressAndTime && times.overflow == 2 && times.pointer == 13)
    #expect(times.entryCount == 2 && times.time(0) == 7 && !times.isFull)
    #expect(times.address(1) == IPv4Address(192, 0, 2, 2))
    let plain = [UInt8](hex: "44 0c 0d 00 00000007 00000008")
    var plainWalk = HeaderOptionWalk(plain.raw)
    guard let last = plainWalk.next(), let stamps = IPv4TimestampOption(last, of: plain.raw)
    else {
      Issue.record("no time stamps")
      return
    }
    #expect(stamps.form == .time && stamps.isFull && stamps.entryCount == 2)
    #expect(stamps.time(1) == 8 && stamps.address(1) == nil)
  }
}

@Suite struct IPv4OptionFaultTests {
  func fault(_ bytes: [UInt8]) -> IPv4OptionFault? {
    do throws(IPv4OptionFault) {
      try IPv4OptionFault.check(bytes.raw)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    "", "01010101", "00ffffff", "94040000", "07 07 04 00000000 00", "07 03 04 00",
    "07 07 08 00000000 00", "83 0b 04 c0000201 c0000202 01", "44 0c 05 01 c0000201 00000000",
    "44 08 09 e0 00000000", "44 08 ff f3 00000000", "44 04 05 00", "82 0b 0000000000000000 00 01",
  ])
  func soundOnesPass(text: String) {
    #expect(fault([UInt8](hex: text)) == nil)
  }

  @Test(arguments: [
    ("01010107", IPv4OptionFault.Reason.length, 23), ("07", .length, 20), ("0700", .length, 21),
    ("0101 0701", .length, 23), ("07 05 04 00", .length, 21), ("07020000", .length, 21),
    ("44 03 05 00", .length, 21), ("94020000", .length, 21), ("9406000000000000", .length, 21),
    ("07 07 03 00000000 00", .pointer, 22), ("01 07 07 05 00000000", .pointer, 23),
    ("83 07 07 00000000 00", .pointer, 22), ("44 08 04 00 00000000", .pointer, 22),
    ("44 08 05 01 00000000", .pointer, 22), ("44 0c 06 03 c0000201 00000000", .pointer, 22),
    ("44 08 05 02 00000000", .form, 23), ("44 08 09 f0 00000000", .overflow, 23),
    ("83 03 04 89 03 04 0000", .repeated, 23), ("07 03 04 07 03 04 0000", .repeated, 23),
    ("44 04 05 00 44 04 05 00", .repeated, 24),
  ])
  func faultsAreToldByTheirByte(text: String, reason: IPv4OptionFault.Reason, pointer: UInt8) {
    let found = fault([UInt8](hex: text))
    #expect(found?.reason == reason)
    #expect(found?.pointer == pointer)
  }

  @Test func anyBytesAreCheckedAndWrittenToWithoutHarm() throws {
    var random = SeededRandom()
    var soundCount = 0
    for _ in 0..<50_000 {
      var bytes = random.bytes(random.below(41))
      let kinds: [UInt8] = [1, 7, 68, 131, 137, 148]
      var offset = 0
      while offset + 3 < bytes.count, !random.oneIn(8) {
        bytes[offset] = kinds[random.below(6)]
        bytes[offset + 1] = UInt8(3 + random.below(14))
        bytes[offset + 2] = UInt8(4 + random.below(18))
        bytes[offset + 3] &= 0xf3
        offset += bytes[offset] == 1 ? 1 : Int(bytes[offset + 1])
      }
      let before = fault(bytes)
      let (after, hasChanged) = recorded(bytes)
      if let before {
        #expect(20...59 ~= before.pointer && Int(before.pointer) < 20 + bytes.count)
        #expect(after == bytes && !hasChanged)
      } else {
        soundCount += 1
        #expect(hasChanged || after == bytes)
        // What is left is sound but for two ends that RFC 791 gives to the next host to tell of: half
        // an entry of an odd length, and an overflow count that is at its highest.
        let left = fault(after)
        #expect(left == nil || left?.reason == .overflow || left?.reason == .pointer)
      }
    }
    #expect(soundCount > 1000)
  }

  func recorded(_ bytes: [UInt8]) -> (bytes: [UInt8], hasChanged: Bool) {
    var hasChanged = false
    let after = [UInt8](count: bytes.count) { span in
      for (index, byte) in bytes.enumerated() { span.store(byte, at: index) }
      hasChanged =
        (try? IPv4Header.record(IPv4Address(192, 0, 2, 9), time: 0x0102_0304, in: &span)) ?? false
    }
    return (after, hasChanged)
  }

  @Test(arguments: [
    // Asked for, and room: the address at the pointer, which moves.
    ("07 0b 04 00000000 00000000 00", "07 0b 08 c0000209 00000000 00"),
    ("07 0b 08 0a000001 00000000 00", "07 0b 0c 0a000001 c0000209 00"),
    ("44 08 05 00 00000000", "44 08 09 00 01020304"),
    ("44 0c 05 01 00000000 00000000", "44 0c 0d 01 c0000209 01020304"),
    ("44 0c 05 03 c0000209 00000000", "44 0c 0d 03 c0000209 01020304"),
    // No room: counted, but for a record.
    ("44 08 09 10 00000001", "44 08 09 20 00000001"),
    ("44 0c 0d 01 0a000001 00000001", "44 0c 0d 11 0a000001 00000001"),
    // Both, behind options that are left alone.
    (
      "01 94040000 07 07 04 00000000 44 08 05 00 00000000",
      "01 94040000 07 07 08 c0000209 44 08 09 00 01020304"
    ),
  ])
  func aHostWritesItselfDown(before: String, after: String) {
    let found = recorded([UInt8](hex: before))
    #expect(found.bytes == [UInt8](hex: after))
    #expect(found.hasChanged)
  }

  @Test(arguments: [
    "07 07 08 0a000001 00", "44 0c 05 03 c0000208 00000000", "44 0c 0d f3 c0000209 00000001",
    "83 07 04 c0000209 00", "94040000", "00 07 07 04 00000000", "", "44 08 09 f0 00000001",
    "07 07 05 00000000 00",
  ])
  func nothingIsWrittenOtherwise(text: String) {
    let bytes = [UInt8](hex: text)
    let found = recorded(bytes)
    #expect(found.bytes == bytes)
    #expect(!found.hasChanged)
  }
}
