// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Testing

@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("", ""), ("a b.pcap", "a b.pcap"), ("ü 🐦 👩‍💻", "ü 🐦 👩‍💻"), ("a\nb", #"a\nb"#),
    ("\u{1b}[31m\u{7f}", #"\u{1B}[31m\u{7F}"#), ("\r\n", #"\r\n"#), ("\u{9b}1m", #"\u{009B}1m"#),
    ("a\u{202e}b\u{2028}", #"a\u{202E}b\u{2028}"#), (#"a\b"#, #"a\b"#),
    ("\u{10ff80}", "\u{10ff80}"),
  ])
  func whatMovesACursorIsEscapedAndNothingElse(_ text: String, _ shown: String) {
    #expect(text.printable == shown)
  }
}
