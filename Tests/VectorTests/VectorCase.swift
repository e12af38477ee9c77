// SPDX-License-Identifier: BSD-2-Clause
import TestSupport

/// One recorded call: what it was given, and what the original did.
struct VectorCase {
  let id: String
  let operation: String
  let a: ChainSpec?
  let b: ChainSpec?
  let arguments: JSON
  /// Which allocation fails: none (0), the k-th, all (-1).
  var failing: Int
  let content: JSON
  /// What other releases did, where that differs.
  let alternatives: [String: JSON]
  let quirks: Set<String>
  let json: JSON

  init(_ json: JSON) throws {
    guard let id = json["id"]?.string, let operation = json["op"]?.string,
      let content = json["content"]
    else { throw Failure("no case: \(json)") }
    self.id = id
    self.operation = operation
    self.content = content
    self.json = json
    a = ChainSpec(json["a"])
    b = ChainSpec(json["b"])
    arguments = json["args"] ?? .null
    failing = json["fail"]?.int ?? 0
    quirks = Set((json["quirk"]?.array ?? []).compactMap(\.string))
    if case .object(let object)? = json["alt"] { alternatives = object } else { alternatives = [:] }
  }
}
