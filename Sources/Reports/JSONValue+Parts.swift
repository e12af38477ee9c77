// SPDX-License-Identifier: BSD-2-Clause

// What a value that was read holds; nil where it holds no such thing.

extension JSONValue {
  /// The value of a name in an object: the first, if there are several.
  package subscript(name: String) -> JSONValue? { members?.first { $0.0 == name }?.1 }

  /// Names and values.
  package var members: [(String, JSONValue)]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The values of an array.
  package var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// A whole number.
  package var whole: Int? {
    if case .integer(let value) = self { Int(value) } else { nil }
  }

  /// A whole number that counts something; 0 for anything else.
  package var count: Int { Swift.max(whole ?? 0, 0) }

  /// A text.
  package var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// True or false.
  package var truth: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The same, nil for null.
  package var present: JSONValue? {
    if case .null = self { nil } else { self }
  }

  /// The sum of two numbers; of objects and arrays, place by place and name by name.
  ///
  /// What one alone has stays. Whole numbers stop at the greatest and the least that there are. Of two
  /// values that have no sum, as of a number and null, it is null.
  package static func sum(_ a: JSONValue, _ b: JSONValue) -> JSONValue {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): return .integer(a.saturatingSum(b))
    case (.number(let a), .number(let b)): return .number(a + b)
    case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)):
      return .number(Double(a) + b)
    case (.object(var sums), .object(let more)):
      for (name, value) in more {
        if let place = sums.firstIndex(where: { $0.0 == name }) {
          sums[place].1 = sum(sums[place].1, value)
        } else {
          sums.append((name, value))
        }
      }
      return .object(sums)
    default: return .null
    }
  }
}

extension FixedWidthInteger {
  /// The sum, or the greatest or the least number if that does not fit.
  package func saturatingSum(_ other: Self) -> Self {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? (other < 0 ? .min : .max) : sum
  }
}
