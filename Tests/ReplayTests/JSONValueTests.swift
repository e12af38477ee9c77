// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Reports
import Testing

@Suite struct JSONValueTests {
  static let texts: [(JSONValue, String)] = [
    (.null, "null"), (true, "true"), (false, "false"), (0, "0"), (-7, "-7"),
    (.integer(Int64.max), "9223372036854775807"), (.integer(Int64.min), "-9223372036854775808"),
    (.integer(UInt64.max), "9223372036854775807"),
    (.number(0), "0.0"), (.number(-1.5), "-1.5"), (.number(1e300), "1e+300"),
    (.number(.nan), "null"), (.number(.infinity), "null"), (.number(-.infinity), "null"),
    ("", #""""#), ([], "[]"), ([:], "{}"), ([1, "a", nil], #"[1,"a",null]"#),
    (["b": 1, "a": [true], "b": nil], #"{"b":1,"a":[true],"b":null}"#),
  ]

  @Test(arguments: texts)
  func eachKindOfValueHasItsText(_ value: JSONValue, _ text: String) {
    #expect(value.text == text)
  }

  @Test func whatATextMayNotHoldIsEscaped() {
    #expect(JSONValue.string("\" \\ \n \t \r").text == #""\" \\ \n \t \r""#)
    #expect(JSONValue.string("\0\u{1}\u{1f}\u{8}").text == #""\u0000\u0001\u001f\u0008""#)
    #expect(JSONValue.string("ü 🐦 /\u{7f}").text == "\"ü 🐦 /\u{7f}\"")
    #expect(JSONValue.object([("a\"b", 1)]).text == #"{"a\"b":1}"#)
    // A carriage return and a line feed are one character of a Swift text and two of JSON.
    #expect(JSONValue.string("\r\n").text == #""\r\n""#)
  }

  @Test func everyScalarComesBack() throws {
    var text = ""
    for value in UInt32(0)..<0x3000 {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    let json = JSONValue.array([.string(text)])
    for written in [json.text, json.prettyText] {
      let read = try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [String]
      #expect(read == [text])
    }
  }

  @Test func keysKeepTheirOrderOnOneLineAndOnMany() {
    let value: JSONValue = [
      "z": 1, "a": ["y": [1, "2"], "b": [], "c": [3, .number(0.5)]], "m": [:],
    ]
    #expect(value.text == #"{"z":1,"a":{"y":[1,"2"],"b":[],"c":[3,0.5]},"m":{}}"#)
    #expect(
      value.prettyText == """
        {
          "z": 1,
          "a": {
            "y": [
              1,
              "2"
            ],
            "b": [],
            "c": [3, 0.5]
          },
          "m": {}
        }
        """)
  }

  @Test func valuesAreEqualIfTheyAreWrittenAlike() {
    #expect(JSONValue.number(.nan) == .null)
    #expect(JSONValue.object([("a", 1), ("b", 2)]) != .object([("b", 2), ("a", 1)]))
  }
}
