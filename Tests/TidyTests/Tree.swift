// SPDX-License-Identifier: BSD-2-Clause
import Foundation

/// The files of the package, as text.
enum Tree {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Every Swift file of ours, by its path from the package's folder.
  static let swiftFiles: [String] = files { $0.hasSuffix(".swift") }

  /// Every Swift and C file of ours.
  static let codeFiles: [String] = files { path in
    [".swift", ".c", ".h"].contains { path.hasSuffix($0) }
  }

  /// Every file that people read, captures and their outputs left out.
  static let textFiles: [String] = files { path in
    let endings = [".swift", ".c", ".cc", ".h", ".md", ".py", ".sh", ".modulemap", ".yml"]
    return path.hasPrefix("Scripts/") || endings.contains { path.hasSuffix($0) }
  }

  private static func files(_ isWanted: (String) -> Bool) -> [String] {
    let folders = ["Sources", "Tests", "Benchmarks", "Examples", "Scripts", "Captures"]
    let inFolders = folders.flatMap { folder -> [String] in
      let walk = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
      return (walk?.compactMap { $0 as? String } ?? []).map { "\(folder)/\($0)" }
    }
    let top = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return (inFolders + top).filter { isWanted($0) && isFile($0) }.sorted()
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return unsafe FileManager.default.fileExists(
      atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder) && !isFolder.boolValue
  }

  static func read(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  static func lines(_ path: String) throws -> [Substring] {
    try read(path).split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// The module that a source file belongs to.
  static func module(_ path: String) -> String? {
    let parts = path.split(separator: "/")
    return parts.first == "Sources" && parts.count > 2 ? String(parts[1]) : nil
  }

  /// The rows of the tables of a text, as their cells.
  static func rows(_ path: String) throws -> [[String]] {
    try lines(path).filter { $0.hasPrefix("| ") && !$0.hasPrefix("| ---") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// The names that a file declares, as far as a text search finds them.
  static func declared(in path: String) throws -> Set<Substring> {
    let text = try Self.read(path)
    guard path.hasSuffix(".swift") else {
      return Set(text.matches(of: /\b\w+\b/).map(\.output))
    }
    let word =
      /\b(?:func|var|let|case|struct|enum|class|protocol|typealias|extension) `?(\w+)|\b(init|subscript)\b/
    let cases = text.matches(of: /\bcase (\w[\w, ]*)/).flatMap { $0.1.split { ", ".contains($0) } }
    return Set(text.matches(of: word).compactMap { $0.1 ?? $0.2 }).union(cases)
  }

  /// The labels of parameters in a file.
  private static func labels(in path: String) throws -> Set<Substring> {
    Set(try read(path).matches(of: /\b(\w+)(?: \w+)?:/).map(\.1))
  }

  /// Each type of the sources, with what is declared in the files that declare or extend it.
  static let declaredByType = byType(declared)
  static let labelsByType = byType(labels)

  private static func byType(
    _ names: (String) throws -> Set<Substring>
  ) -> [Substring: Set<Substring>] {
    var found: [Substring: Set<Substring>] = [:]
    let type = /(?:struct|enum|class|extension|protocol|typealias) ([\w.]+)/
    for path in swiftFiles where path.hasPrefix("Sources/") {
      guard let text = try? read(path), let names = try? names(path) else { continue }
      for match in text.matches(of: type) {
        for part in match.1.split(separator: ".") { found[part, default: []].formUnion(names) }
      }
    }
    return found
  }
}
