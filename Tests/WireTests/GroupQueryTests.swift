// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@Suite struct GroupQueryTests {
  struct Found: Equatable {
    var version = 0
    var milliseconds = 0
    var isGeneral = false
    var suffix: GroupQuerySuffix?
    var sources: [String] = []
    var error: ParseError?
  }

  func read<Address: NetworkAddress>(_ query: borrowing GroupQuery<Address>) -> Found {
    var found = Found(
      version: query.version, milliseconds: query.responseMilliseconds,
      isGeneral: query.isGeneral, suffix: query.suffix)
    for index in 0..<query.sourceCount {
      found.sources.append("\(query.source(index))")
    }
    return found
  }

  func igmp(_ bytes: [UInt8]) -> Found {
    do throws(ParseError) {
      return read(try GroupQuery(igmp: bytes.raw))
    } catch {
      return Found(error: error)
    }
  }

  func mld(_ bytes: [UInt8]) -> Found {
    do throws(ParseError) {
      return read(try GroupQuery(icmpv6: bytes.raw))
    } catch {
      return Found(error: error)
    }
  }

  static let v3 = "11 80 0000 e1010203" + "0a 7d 0002 c0000201 c0000202"
  static let mldHead = "82 00 0000 9000 0000 ff02000000000000 00000000000000fb"
  static let mldV2 = mldHead + "03 8f 0001 20010db800000000 0000000000000001"

  @Test func versionsOfIGMP() {
    let general = "11 00 0000 00000000"
    #expect(igmp([UInt8](hex: general)) == Found(version: 1, milliseconds: 10_000, isGeneral: true))
    #expect(
      igmp([UInt8](hex: "11 ff 0000 e1010203")) == Found(version: 2, milliseconds: 25_500))
    #expect(
      igmp([UInt8](hex: Self.v3))
        == Found(
          version: 3, milliseconds: 12_800,
          suffix: GroupQuerySuffix(suppressesRouters: true, robustness: 2, sourceCount: 2),
          sources: ["192.0.2.1", "192.0.2.2"]))
  }

  @Test func versionsOfMLD() {
    #expect(mld([UInt8](hex: Self.mldHead)) == Found(version: 1, milliseconds: 0x9000))
    let suffix = GroupQuerySuffix(robustness: 3, intervalCode: 0x8f, sourceCount: 1)
    #expect(suffix.intervalInSeconds == 248)
    #expect(
      mld([UInt8](hex: Self.mldV2))
        == Found(
          version: 2, milliseconds: 65_536, suffix: suffix, sources: ["2001:db8::1"]))
  }

  @Test func everyPrefixIsAnotherVersionOrRefused() {
    let bytes = [UInt8](hex: Self.v3)
    for count in 0..<bytes.count where count != 8 {
      let error =
        count < 12
        ? ParseError(.igmp, .tooShort, wanted: count < 8 ? 8 : 12, available: count)
        : ParseError(.igmp, .badLength, wanted: 8, available: count - 12, offset: 8)
      #expect(igmp(Array(bytes[..<count])) == Found(error: error))
    }
    let six = [UInt8](hex: Self.mldV2)
    for count in 0..<six.count where count != 24 {
      let error =
        count < 28
        ? ParseError(.icmpv6, .tooShort, wanted: count < 24 ? 24 : 28, available: count)
        : ParseError(.icmpv6, .badLength, wanted: 16, available: count - 28, offset: 24)
      #expect(mld(Array(six[..<count])) == Found(error: error))
    }
    let wrong = ParseError(.igmp, .unsupported, wanted: 17, available: 22)
    #expect(igmp([22] + bytes[1...]) == Found(error: wrong))
    let wrong6 = ParseError(.icmpv6, .unsupported, wanted: 130, available: 131)
    #expect(mld([131] + six[1...]) == Found(error: wrong6))
  }

  @Test func suffixesSurviveTheWire() {
    var random = SeededRandom()
    for _ in 0..<1000 {
      let suffix = GroupQuerySuffix(
        suppressesRouters: random.oneIn(2), robustness: UInt8(random.below(8)),
        intervalCode: random.number(), sourceCount: UInt16(random.below(9)))
      let bytes = [UInt8](count: 12 + 4 * Int(suffix.sourceCount)) {
        IGMPHeader.Fields(type: .query, responseCode: 9, group: .any).emit(into: &$0)
        suffix.emit(into: &$0, at: 8)
      }
      #expect(igmp(bytes).suffix == suffix)
    }
  }

  @Test func anyBytesAreReadOrRefused() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      var bytes = random.bytes(random.below(80))
      if bytes.count > 28 {
        bytes[0] = random.oneIn(2) ? 17 : 130
        (bytes[10], bytes[26]) = (0, 0)
      }
      for found in [igmp(bytes), mld(bytes)] where found.error == nil {
        #expect(found.sources.count == Int(found.suffix?.sourceCount ?? 0))
      }
    }
  }
}
