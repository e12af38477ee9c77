// SPDX-License-Identifier: BSD-2-Clause

/// A JSON value; keys keep the order they were given in.
///
/// Written here because the reports promise an order of fields, which stays when they are read again, and
/// the libraries stay clear of Foundation. `JSONReader` reads.
public enum JSONValue: Equatable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number.
  case integer(Int64)
  /// A number with a fraction; what JSON cannot express (not a number, infinite) becomes `null`.
  case number(Double)
  /// A text.
  case string(String)
  /// Values in order.
  case array([JSONValue])
  /// Names and values in order.
  case object([(String, JSONValue)])

  /// Whether both would be written alike.
  public static func == (a: JSONValue, b: JSONValue) -> Bool { a.text == b.text }

  /// One line of JSON.
  public var text: String {
    var out = ""
    write(to: &out, indent: nil, depth: 0)
    return out
  }

  /// JSON over several lines, indented by two spaces a level; numbers alone stand on one.
  public var prettyText: String {
    var out = ""
    write(to: &out, indent: "  ", depth: 0)
    return out
  }

  private func write(to out: inout String, indent: String?, depth: Int) {
    switch self {
    case .null: out += "null"
    case .bool(let value): out += value ? "true" : "false"
    case .integer(let value): out += String(value)
    case .number(let value): out += value.isFinite ? String(value) : "null"
    case .string(let value): Self.quote(value, &out)
    case .array(let values) where indent != nil && values.allSatisfy(\.isNumber):
      out += "[" + values.map(\.text).joined(separator: ", ") + "]"
    case .array(let values):
      Self.list(values, "[", "]", &out, indent, depth) { value, out in
        value.write(to: &out, indent: indent, depth: depth + 1)
      }
    case .object(let members):
      Self.list(members, "{", "}", &out, indent, depth) { member, out in
        Self.quote(member.0, &out)
        out += indent == nil ? ":" : ": "
        member.1.write(to: &out, indent: indent, depth: depth + 1)
      }
    }
  }

  private var isNumber: Bool {
    switch self {
    case .integer, .number: true
    case .null, .bool, .string, .array, .object: false
    }
  }

  private static func list<Element>(
    _ elements: [Element], _ open: String, _ close: String, _ out: inout String, _ indent: String?,
    _ depth: Int, _ write: (Element, inout String) -> Void
  ) {
    out += open
    for (index, element) in elements.enumerated() {
      if index > 0 { out += "," }
      if let indent { out += "\n" + String(repeating: indent, count: depth + 1) }
      write(element, &out)
    }
    if let indent, !elements.isEmpty { out += "\n" + String(repeating: indent, count: depth) }
    out += close
  }

  private static func quote(_ text: String, _ out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      case "\r": out += "\\r"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    out += "\""
  }
}

extension JSONValue {
  /// A whole number of any width.
  public static func integer(_ value: some BinaryInteger) -> JSONValue {
    .integer(Int64(clamping: value))
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByNilLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByArrayLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// Names and values in order.
  public init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(members) }
  /// Values in order.
  public init(arrayLiteral values: JSONValue...) { self = .array(values) }
}
