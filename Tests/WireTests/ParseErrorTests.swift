// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ParseErrorTests {
  @Test(arguments: [
    (
      ParseError(.tcp, .tooShort, wanted: 20, available: 6, offset: 34),
      "tcp: too short: wanted 20 bytes at 34, available 6, limited by capture"
    ),
    (ParseError(.ipv4, .badVersion, wanted: 4, available: 6), "ipv4: bad version 6 at 0, wanted 4"),
    (
      ParseError(.udp, .badLength, wanted: 8, available: 3, limitedBy: .udpLength, offset: 34),
      "udp: bad length field at 34: wanted 8 bytes, available 3, limited by udpLength"
    ),
  ])
  func describesItself(error: ParseError, text: String) {
    #expect(error.description == text)
  }
}
