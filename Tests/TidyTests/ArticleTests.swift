// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Testing

/// What articles say of the sources: names that are declared, and declared in the file they give.
struct ArticleTests {
  static let articles = Tree.textFiles.filter { $0.hasSuffix(".md") }

  /// The text outside of code blocks, each white space a single blank.
  private static func prose(_ path: String) throws -> String {
    try Tree.read(path).replacing(/```[\s\S]*?```/, with: "")
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  /// Files of sources and examples, by their last component; several may have one name.
  private static let files: [Substring: [String]] = Dictionary(
    grouping: Tree.codeFiles.filter { !$0.hasPrefix("Tests/") },
    by: { $0.split(separator: "/").last ?? "" })

  /// `Type.member(label:)` and `Type/member(label:)` in parts, without the arguments.
  private static func parts(_ symbol: Substring) -> [Substring] {
    symbol.prefix { $0 != "(" }.split { $0 == "." || $0 == "/" }
  }

  @Test func whatAnArticlePutsInAFileIsDeclaredThere() throws {
    let place = /(`?)\s\((?:all )?([\w+]+\.(?:swift|c|h)\b[^)]*)\)/
    var count = 0
    for path in Self.articles {
      let text = try Self.prose(path)
      for match in text.matches(of: place) {
        let before = text[..<match.range.lowerBound]
        let symbol = before.split(separator: "`").last ?? ""
        guard !match.1.isEmpty, let name = Self.parts(symbol).last else {
          Issue.record("\(path): no symbol before \(match.2)")
          continue
        }
        for file in match.2.matches(of: /[\w+]+\.(?:swift|c|h)\b/).map(\.output) {
          let isThere = try Self.files[file, default: []].contains {
            try Tree.declared(in: $0).contains(name)
          }
          #expect(isThere, "\(path): \(symbol) is not in \(file)")
          count += 1
        }
      }
      for match in text.matches(of: /`([\w+]+\.(?:swift|c|h))`/) {
        #expect(Self.files[match.1] != nil, "\(path): there is no \(match.1)")
      }
    }
    #expect(count > 50)
  }

  @Test func whatAnArticleNamesIsDeclared() throws {
    let everywhere = Set(Tree.declaredByType.values.joined())
    let values: Set<Substring> = ["zone", "packet", "pool", "chain", "queue", "segment"]
    var count = 0
    for path in Self.articles {
      // Between two pairs of marks stand links, which the documentation's compiler checks.
      let text = try Self.prose(path).replacing(/``[^`]+``/, with: "")
      for match in text.matches(of: /`([A-Za-z]\w*(?:\.\w+)*(?:\([\w:]*\))?)`/) {
        let parts = Self.parts(match.1)
        if parts.last == "swift" { continue }
        // The type of a value named `packet` is not known here; a function may be of any.
        if let members = Tree.declaredByType[parts[0]] {
          let missing = parts.dropFirst().filter {
            !members.contains($0) && Tree.declaredByType[$0] == nil
          }
          #expect(missing.isEmpty, "\(path): \(match.1)")
        } else if values.contains(parts[0]) && parts.count > 1 || match.1.contains(":)") {
          #expect(parts.last.map(everywhere.contains) == true, "\(path): \(match.1)")
        } else {
          continue
        }
        count += 1
      }
    }
    #expect(count > 200)
  }
}
