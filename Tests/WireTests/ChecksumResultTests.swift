// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ChecksumResultTests {
  struct Case {
    var field: UInt16
    var isIPv6 = false
    var isWhole = true
    var result: ChecksumResult
  }

  // Pseudo-header sums to 0x1234, the segment without its field to 0x0001: 0xedca makes it right.
  @Test(arguments: [
    Case(field: 0, result: .absent),
    Case(field: 0, isWhole: false, result: .absent),
    Case(field: 0, isIPv6: true, result: .invalid),
    Case(field: 0, isIPv6: true, isWhole: false, result: .invalid),
    Case(field: 0xedca, result: .valid),
    Case(field: 0xedca, isIPv6: true, result: .valid),
    Case(field: 0xedca, isWhole: false, result: .unverifiable),
    Case(field: 0xedcb, result: .invalid),
    Case(field: 0x1234, result: .partial),
    Case(field: 0x1234, isIPv6: true, result: .partial),
    Case(field: 0x1234, isWhole: false, result: .unverifiable),
    Case(field: 0xedcb, isWhole: false, result: .unverifiable),
  ])
  func udp(_ row: Case) {
    var pseudo = InternetChecksum()
    pseudo.add(0x1234 as UInt16)
    var segment = InternetChecksum()
    segment.add(0x0001 as UInt16)
    segment.add(row.field)
    #expect(
      ChecksumResult.udp(
        field: row.field, pseudoHeader: pseudo, segment: segment, isIPv6: row.isIPv6,
        isWhole: row.isWhole) == row.result)
    if row.field != 0 {
      #expect(
        ChecksumResult.tcp(
          field: row.field, pseudoHeader: pseudo, segment: segment, isWhole: row.isWhole)
          == row.result)
    }
  }

  @Test func validWinsOverPartial() {
    // field + pseudo + rest == 0xffff with field == pseudo.
    var pseudo = InternetChecksum()
    pseudo.add(0x1000 as UInt16)
    var segment = InternetChecksum()
    segment.add(0xdfff as UInt16)
    segment.add(0x1000 as UInt16)
    #expect(
      ChecksumResult.tcp(field: 0x1000, pseudoHeader: pseudo, segment: segment, isWhole: true)
        == .valid)
  }

  @Test func icmp() {
    var segment = InternetChecksum()
    segment.add(0xffff as UInt16)
    #expect(ChecksumResult.icmp(segment: segment, isWhole: true) == .valid)
    #expect(ChecksumResult.icmp(segment: segment, isWhole: false) == .unverifiable)
    segment.add(1 as UInt16)
    #expect(ChecksumResult.icmp(segment: segment, isWhole: true) == .invalid)
  }
}
