// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct SnakeCaseTests {
  @Test func wordsBeginAtCapitalsBehindSmallLettersAndDigits() {
    #expect(String(snakeCase: ZoneError.Reason.limitReached) == "limit_reached")
    #expect(String(snakeCase: ZoneError.Reason.cancelled) == "cancelled")
    let spellings = [
      "unsupportedIPv6": "unsupported_ipv6", "ipv6Extension": "ipv6_extension",
      "linuxSLL2_tooShort": "linux_sll2_too_short", "notForUs": "not_for_us", "": "",
    ]
    for (name, spelling) in spellings { #expect(String(snakeCase: name) == spelling) }
  }
}
