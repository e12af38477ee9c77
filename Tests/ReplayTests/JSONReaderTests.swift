// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Reports

/// What is JSON, to the letter of RFC 8259, and where it is not.
@Suite struct JSONReaderTests {
  private static func read(_ text: String) throws(JSONReader.Failure) -> [JSONValue] {
    var reader = JSONReader(Array(text.utf8))
    var values: [JSONValue] = []
    while let value = try reader.next() { values.append(value) }
    return values
  }

  @Test(arguments: JSONValueTests.texts)
  func whatIsWrittenIsReadAsItWas(_ value: JSONValue, _ text: String) throws {
    let read = try Self.read(text)
    #expect(read.map(\.text) == [text])
  }

  @Test(arguments: [
    (" [ 1 , -2.5e-3 ,\n\t\"a\" ] ", #"[1,-0.0025,"a"]"#),
    (#"{"b":1,"a":{"b":2}}"#, #"{"b":1,"a":{"b":2}}"#),
    (#""\u0041\ud83d\udc26\/\b\f\n\r\t\"\\""#, "\"A🐦/\\u0008\\u000c\\n\\r\\t\\\"\\\\\""),
    ("9223372036854775807", "9223372036854775807"),
    ("9223372036854775808", "9.223372036854776e+18"),
    ("-0", "0"), ("-0.0", "-0.0"), ("1E2", "100.0"), ("{} [] 3 null", "{} [] 3 null"),
  ])
  func whatIsReadIsWhatStandsThere(_ text: String, _ written: String) throws {
    #expect(try Self.read(text).map(\.text).joined(separator: " ") == written)
  }

  @Test(arguments: [
    ("[1,]", 3), ("[1", 2), ("{\"a\" 1}", 5), ("{1:2}", 1), ("{\"a\":}", 5), ("\"a", 2),
    ("\"\n\"", 1),
    ("\"\\x\"", 3), ("\"\\u12g4\"", 5), ("\"\\ud800\"", 7), ("\"\\udc00 \"", 7),
    ("\"\\ud800\\u0041\"", 13),
    ("01", 2), ("-", 1), ("1.", 2), (".5", 0), ("1e", 2), ("+1", 0), ("nul", 0), ("NaN", 0),
    ("[1 2]", 3),
    ("{\"a\":1,}", 7), ("]", 0), ("1 }", 2), ("'a'", 0),
  ])
  func whatIsNoJSONIsRefusedWithItsPlace(_ text: String, _ place: Int) {
    let failure = #expect(throws: JSONReader.Failure.self) { try Self.read(text) }
    #expect(failure?.byteOffset == place, "\(failure?.why ?? "")")
  }

  @Test func aTextThatIsNoUTF8IsRefused() {
    for bytes: [UInt8] in [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]] {
      var reader = JSONReader([0x22] + bytes + [0x22])
      #expect(throws: JSONReader.Failure(byteOffset: 1, why: "the text is not UTF-8")) {
        try reader.next()
      }
    }
  }

  @Test func valuesStandInOneAnotherUpToALimit() throws {
    let deep = { (count: Int) in
      String(repeating: "[", count: count) + String(repeating: "]", count: count)
    }
    #expect(try Self.read(deep(128)).count == 1)
    let failure = #expect(throws: JSONReader.Failure.self) { try Self.read(deep(1_000_000)) }
    #expect(failure?.byteOffset == 128)
  }

  @Test func everyCutOfATextIsRefusedOrRead() throws {
    let text = #"{"a": [1, -2.5e7, true, null, "ü\u00e9\n"], "b": {}}"#
    let whole = Array(text.utf8)
    for count in 0..<whole.count {
      var reader = JSONReader(Array(whole[..<count]))
      if count == 0 {
        #expect(try reader.next() == nil)
      } else {
        #expect(throws: JSONReader.Failure.self) { try reader.next() }
      }
    }
    #expect(try Self.read(text).count == 1)
  }

  @Test func anyBytesAreReadOrRefused() {
    var random = SeededRandom()
    let text = Array(#"{"a":[1,-2.5e+7,true,null,"\u00e9\\"],"b":{"c":false}}"#.utf8)
    for _ in 0..<20_000 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      var reader = JSONReader(bytes)
      do {
        while let value = try reader.next() { #expect(!value.text.isEmpty) }
      } catch {
        #expect(0...bytes.count ~= error.byteOffset)
      }
    }
  }
}
