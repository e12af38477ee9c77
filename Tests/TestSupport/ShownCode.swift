// SPDX-License-Identifier: BSD-2-Clause
//
// Code that an article shows is compiled and run by a test, whose file marks it:
//
//     // shown: begin
//     let pool = MbufPool()
//     // shown: end

import Foundation

/// The blocks of Swift code in an article, in order.
///
/// - Parameter article: its path from the package's folder, such as "README.md".
public func codeBlocks(of article: String) throws -> [String] {
  let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  let text = String(
    decoding: try readFile(root.appendingPathComponent(article).path), as: UTF8.self)
  return text.components(separatedBy: "```swift\n").dropFirst().map {
    $0.components(separatedBy: "```\n")[0]
  }
}

/// The blocks that a file marks, in order, each moved to the margin.
public func shownCode(in file: String) throws -> [String] {
  let text = String(decoding: try readFile(file), as: UTF8.self)
  return text.components(separatedBy: "// shown: begin\n").dropFirst().map { part in
    let lines = part.components(separatedBy: "// shown: end\n")[0].components(separatedBy: "\n")
    // The last line is the white space before the mark.
    let margin = lines.last?.count ?? 0
    return lines.dropLast().map { $0.dropFirst(margin) + "\n" }.joined()
  }
}
