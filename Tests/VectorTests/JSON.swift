// SPDX-License-Identifier: BSD-2-Clause

/// A recorded value, whatever it is.
///
/// What was recorded of the original's arrangement (`layout`, `l`) is left out when it is read,
/// since an engine may arrange its buffers as it likes.
enum JSON: Equatable, Decodable {
  case null
  case bool(Bool)
  case int(Int)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let keys = try? decoder.container(keyedBy: Key.self) {
      var object: [String: JSON] = [:]
      for key in keys.allKeys where key.stringValue != "layout" {
        // In a step `l` is the arrangement; in an mbuf it is the length.
        if key.stringValue == "l", (try? keys.decode(Int.self, forKey: key)) == nil { continue }
        object[key.stringValue] = try keys.decode(JSON.self, forKey: key)
      }
      self = .object(object)
      return
    }
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let int = try? value.decode(Int.self) {
      self = .int(int)
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let string = try? value.decode(String.self) {
      self = .string(string)
    } else {
      self = .array(try value.decode([JSON].self))
    }
  }

  /// The value of a key, or nil.
  subscript(key: String) -> JSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  var int: Int? { if case .int(let int) = self { int } else { nil } }
  var string: String? { if case .string(let string) = self { string } else { nil } }
  var array: [JSON]? { if case .array(let array) = self { array } else { nil } }

  /// The paths of the values in which two objects differ, as in `r.pkt`.
  static func differences(_ a: JSON?, _ b: JSON?, at path: String = "") -> Set<String> {
    if case .object(let x)? = a, case .object(let y)? = b {
      var all: Set<String> = []
      for key in Set(x.keys).union(y.keys) {
        all.formUnion(differences(x[key], y[key], at: path.isEmpty ? key : "\(path).\(key)"))
      }
      return all
    }
    return a == b ? [] : [path]
  }
}

extension JSON: CustomStringConvertible {
  /// The value as it is written, keys in order.
  var description: String {
    switch self {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .int(let int): "\(int)"
    case .string(let string): "\"\(string)\""
    case .array(let array): "[" + array.map(\.description).joined(separator: ",") + "]"
    case .object(let object):
      "{" + object.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }
  }
}
