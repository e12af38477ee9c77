// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct GroupReportTests {
  struct Record: Equatable {
    var kind: GroupRecordKind
    var group: IPAddress
    var sources: [IPAddress] = []
  }

  struct Found: Equatable {
    var records: [Record] = []
    var error: ParseError?
    var end = 0
  }

  func igmp(_ bytes: [UInt8]) -> Found {
    var found = Found()
    do throws(ParseError) {
      var walk = try GroupReportWalk(igmp: bytes.raw)
      found.end = walk.offset
      while let record = try walk.next() {
        found.records.append(
          Record(
            kind: record.kind, group: .v4(record.group),
            sources: (0..<record.sourceCount).map { .v4(record.source($0)) }))
        found.end = walk.offset
      }
    } catch {
      found.error = error
    }
    return found
  }

  func mld(_ bytes: [UInt8]) -> Found {
    var found = Found()
    do throws(ParseError) {
      var walk = try GroupReportWalk(icmpv6: bytes.raw)
      found.end = walk.offset
      while let record = try walk.next() {
        found.records.append(
          Record(
            kind: record.kind, group: .v6(record.group),
            sources: (0..<record.sourceCount).map { .v6(record.source($0)) }))
        found.end = walk.offset
      }
    } catch {
      found.error = error
    }
    return found
  }

  static let group = IPv4Address(225, 1, 2, 3)
  static let sources = [IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2)]
  // Two records; the first has 4 bytes of auxiliary data.
  static let head = "22 00 0000 0000 0002"
  static let records = "04 01 0000 e1010203 deadbeef" + "05 00 0002 e1010203 c0000201 c0000202"

  @Test func recordsAreReadAndAuxiliaryDataIsNot() {
    let bytes = [UInt8](hex: Self.head + Self.records)
    let expected = [
      Record(kind: .toExclude, group: .v4(Self.group)),
      Record(
        kind: .allowNew, group: .v4(Self.group), sources: Self.sources.map { .v4($0) }),
    ]
    #expect(igmp(bytes) == Found(records: expected, end: 36))
    #expect(igmp(bytes + [1, 2, 3]) == Found(records: expected, end: 36))
    for count in 0..<bytes.count {
      let (start, wanted) =
        switch count {
        case 0..<8: (0, 8)
        case 8..<20: (8, count < 16 ? 8 : 12)
        default: (20, count < 28 ? 8 : 16)
        }
      let found = igmp(Array(bytes[..<count]))
      #expect(
        found.error
          == ParseError(.igmp, .tooShort, wanted: wanted, available: count - start, offset: start))
      #expect(found.end == start && found.records.count == (start == 20 ? 1 : 0))
    }
    let wrong = ParseError(.igmp, .unsupported, wanted: 34, available: 22)
    #expect(igmp([22] + bytes[1...]).error == wrong)
  }

  @Test func writtenOnesAreRead() {
    let text =
      "22 00 0000 0000 0002 04 00 0000 e1010203" + "05 00 0002 e1010203 c0000201 c0000202"
    let bytes = [UInt8](count: 32) {
      var writer = GroupReportWriter<IPv4Address>(into: &$0)
      #expect(writer.append(.toExclude, Self.group, sources: [IPv4Address]().span, into: &$0))
      #expect(writer.append(.allowNew, Self.group, sources: Self.sources.span, into: &$0))
      #expect(!writer.append(.allowNew, Self.group, sources: Self.sources.span, into: &$0))
      #expect(writer.byteCount == 32 && writer.recordCount == 2)
    }
    #expect(bytes == [UInt8](hex: text))
  }

  @Test func randomOnesSurviveTheWire() {
    var random = SeededRandom()
    for _ in 0..<500 {
      var records: [Record] = []
      let bytes = [UInt8](count: 1000) {
        var writer = GroupReportWriter<IPv6Address>(into: &$0)
        for _ in 0..<random.below(20) {
          let kind = GroupRecordKind(rawValue: random.number())
          let group = random.ipv6Address()
          let sources = (0..<random.below(8)).map { _ in random.ipv6Address() }
          guard writer.append(kind, group, sources: sources.span, into: &$0) else { continue }
          records.append(
            Record(kind: kind, group: .v6(group), sources: sources.map { .v6($0) }))
        }
      }
      let found = mld(bytes)
      #expect(found.records == records && found.error == nil)
    }
  }

  @Test func anyBytesAreReadOrRefused() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      var bytes = random.bytes(random.below(120))
      if !bytes.isEmpty { bytes[0] = random.oneIn(2) ? 34 : 143 }
      for index in bytes.indices where index > 8 && !random.oneIn(4) { bytes[index] &= 1 }
      for found in [igmp(bytes), mld(bytes)] {
        #expect(found.end <= bytes.count)
      }
    }
  }
}
