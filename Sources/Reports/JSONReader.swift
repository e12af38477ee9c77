// SPDX-License-Identifier: BSD-2-Clause
//
// JSON as RFC 8259 has it, from bytes: values one behind the other, with white space between them. Members
// keep their order, so that what is read is written as it was. Nothing is guessed at: a text that is no
// UTF-8, a zero in front of a number, a comma too many is an error, with its place. A whole number of 64
// bits stays one; all others are rounded to 64 bits of fraction.
//
//     0 <= byteOffset <= bytes.count,  depth <= depthLimit

/// Reads JSON values from bytes.
///
///     var reader = JSONReader(bytes)
///     while let value = try reader.next() { ... }
package struct JSONReader {
  /// Why the bytes are no JSON, and where that shows.
  package struct Failure: Error, Equatable {
    /// The byte that no value has there, from 0.
    package let byteOffset: Int
    /// Why, in a few words.
    package let why: String
  }

  /// The deepest value in a value.
  private static var depthLimit: Int { 128 }

  private let bytes: [UInt8]
  private var depth = 0
  private var byteOffset = 0
  /// The first byte of the last value.
  package private(set) var startOffset = 0

  /// Reads from the first byte on.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next value; nil at the end.
  ///
  /// - Throws: `Failure` for what is no JSON; what is behind it is then not read.
  package mutating func next() throws(Failure) -> JSONValue? {
    skipSpace()
    startOffset = byteOffset
    // No ternary: its nil would be null, which is a value.
    guard byteOffset < bytes.count else { return nil }
    return try value()
  }

  // MARK: Values

  private mutating func value() throws(Failure) -> JSONValue {
    guard let byte = peek else { throw failure("the text ends where a value is wanted") }
    switch byte {
    case UInt8(ascii: "{"): return .object(try list(UInt8(ascii: "}"), Self.member))
    case UInt8(ascii: "["): return .array(try list(UInt8(ascii: "]"), Self.element))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", true)
    case UInt8(ascii: "f"): return try word("false", false)
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw failure("no value begins so")
    }
  }

  private static func element(_ reader: inout JSONReader) throws(Failure) -> JSONValue {
    try reader.value()
  }

  private static func member(_ reader: inout JSONReader) throws(Failure) -> (String, JSONValue) {
    guard reader.peek == UInt8(ascii: "\"") else { throw reader.failure("a name is wanted") }
    let name = try reader.string()
    reader.skipSpace()
    guard reader.take(UInt8(ascii: ":")) else { throw reader.failure("a colon is wanted") }
    reader.skipSpace()
    return (name, try reader.value())
  }

  /// What stands between brackets, which are at the front now, behind commas.
  private mutating func list<Element>(
    _ close: UInt8, _ element: (inout JSONReader) throws(Failure) -> Element
  ) throws(Failure) -> [Element] {
    guard depth < Self.depthLimit else {
      throw failure("more than \(Self.depthLimit) values in one another")
    }
    depth += 1
    defer { depth -= 1 }
    byteOffset += 1
    skipSpace()
    if take(close) { return [] }
    var elements: [Element] = []
    while true {
      elements.append(try element(&self))
      skipSpace()
      if take(close) { return elements }
      guard take(UInt8(ascii: ",")) else {
        throw failure(
          peek == nil ? "the text ends inside a value" : "a comma or a bracket is wanted")
      }
      skipSpace()
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
    guard bytes[byteOffset...].starts(with: word.utf8) else { throw failure("no value begins so") }
    byteOffset += word.utf8.count
    return value
  }

  private mutating func number() throws(Failure) -> JSONValue {
    let start = byteOffset
    _ = take(UInt8(ascii: "-"))
    let isZero = peek == UInt8(ascii: "0")
    let wholeCount = takeDigits()
    guard wholeCount > 0, !isZero || wholeCount == 1 else { throw failure("this is no number") }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      guard takeDigits() > 0 else { throw failure("this is no number") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isWhole = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard takeDigits() > 0 else { throw failure("this is no number") }
    }
    let text = String(decoding: bytes[start..<byteOffset], as: UTF8.self)
    if isWhole, let number = Int64(text) { return .integer(number) }
    guard let number = Double(text) else { throw failure("this is no number") }
    return .number(number)
  }

  // MARK: Texts

  private mutating func string() throws(Failure) -> String {
    byteOffset += 1
    var text = ""
    while true {
      let start = byteOffset
      while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
        byteOffset += 1
      }
      guard let part = String(validating: bytes[start..<byteOffset], as: UTF8.self) else {
        throw Failure(byteOffset: start, why: "the text is not UTF-8")
      }
      text = text.isEmpty ? part : text + part
      if take(UInt8(ascii: "\"")) { return text }
      guard take(UInt8(ascii: "\\")) else {
        throw failure(peek == nil ? "the text ends inside a value" : "a control byte in a text")
      }
      text.unicodeScalars.append(try escape())
    }
  }

  private mutating func escape() throws(Failure) -> Unicode.Scalar {
    let byte = peek
    byteOffset += byte == nil ? 0 : 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try unit()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // A pair of units stands for what has no unit of its own.
      guard first < 0xdc00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        throw failure("half a character")
      }
      let second = try unit()
      guard 0xdc00...0xdfff ~= second,
        let scalar = Unicode.Scalar(0x1_0000 + (first - 0xd800) << 10 + (second - 0xdc00))
      else { throw failure("half a character") }
      return scalar
    default: throw failure("no such escape")
    }
  }

  /// Four digits of a number to the base of 16.
  private mutating func unit() throws(Failure) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw failure("four hexadecimal digits are wanted")
      }
      unit = unit << 4 | UInt32(digit)
      byteOffset += 1
    }
    return unit
  }

  // MARK: Bytes

  private var peek: UInt8? { byteOffset < bytes.count ? bytes[byteOffset] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    byteOffset += 1
    return true
  }

  private mutating func takeDigits() -> Int {
    let start = byteOffset
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { byteOffset += 1 }
    return byteOffset - start
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || 0x9...0xa ~= byte || byte == 0xd { byteOffset += 1 }
  }

  private func failure(_ why: String) -> Failure { Failure(byteOffset: byteOffset, why: why) }
}
