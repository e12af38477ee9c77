// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// What the compiler says to whoever writes BSD's names.
@Suite struct BSDNamesTests {
  /// A name and what is said of it.
  private struct Stub {
    let name: String
    let type: String
    let hint: String

    /// A line of code as somebody might write it.
    var use: String {
      switch type {
      case "BSDName": "\(name)(packet, 28)"
      case "Int": "number = \(name)"
      default: "let _: \(name)? = nil"
      }
    }
  }

  private static func stubs() throws -> [Stub] {
    let files = [
      "Sources/UMA/BSDNames/BSDNames.swift", "Sources/Mbufs/BSDNames.swift",
      "Sources/SocketBuffers/BSDNames.swift",
    ]
    let pattern =
      /unavailable,\s*\w+:\s*"([^"]*)"\s*\)\n(?:@export\(implementation\) )?public (?:var (\w+): (\w+)|typealias (\w+))/
    return try files.flatMap { path in
      let text = try String(contentsOf: Command.root.appendingPathComponent(path), encoding: .utf8)
      return text.matches(of: pattern).map { match in
        Stub(
          name: String(match.2 ?? match.4 ?? ""), type: String(match.3 ?? "type"),
          hint: String(match.1))
      }
    }
  }

  /// The errors of a piece of code, by line.
  private static func errors(_ lines: [String]) throws -> [Int: [String]] {
    let folder = try TemporaryFolder()
    let source = try folder.write(Data(lines.joined(separator: "\n").utf8), "Names.swift")
    let result = try Command(
      [
        "swiftc", "-typecheck", "-I", "\(Command.products.path)/Modules", "-Xcc",
        "-fmodule-map-file=\(Command.products.path)/CUMA.build/module.modulemap",
        "-module-cache-path", folder.file("cache"), source,
      ], program: "/usr/bin/env"
    ).finish()
    var errors: [Int: [String]] = [:]
    for line in result.diagnostics.split(separator: "\n") {
      guard let match = line.firstMatch(of: /Names\.swift:(\d+):\d+: error: (.*)/),
        let number = Int(match.1)
      else { continue }
      errors[number, default: []].append(String(match.2))
    }
    return errors
  }

  private static let front = [
    "import Mbufs", "import SocketBuffers", "import UMA",
    "func use(_ packet: inout Packet, _ other: consuming Packet, _ number: inout Int) {",
  ]

  @Test func everyNameIsAnsweredByItsSwiftName() throws {
    let stubs = try Self.stubs()
    #expect(stubs.count > 150)
    let errors = try Self.errors(Self.front + stubs.map(\.use) + ["}"])
    for (index, stub) in stubs.enumerated() {
      let said = errors[Self.front.count + index + 1] ?? []
      #expect(said.count == 1 && said[0].contains("'\(stub.name)'"), "\(stub.name): \(said)")
      #expect(said.first?.contains(stub.hint) == true, "\(stub.name): \(said)")
    }
  }

  @Test func whateverIsPassedAlongAndWhateverIsMadeOfTheResult() throws {
    let uses = [
      "m_freem(packet)", "m_freem(&packet)", "packet = m_pullup(packet, 28)",
      "if m_pullup(packet, 28) == nil { return }", "let _ = m_pullup(packet, 28)",
      "let _: Packet = m_split(packet, 28, M_NOWAIT)", "m_cat(packet, other)",
      "M_PREPEND(&packet, 28, M_NOWAIT)", "m_copydata(packet, 0, 28, &number, number)",
      "number = m_length(packet, nil as Int?)", "number = MHLEN + MLEN", "m_getcl()",
      "if M_LEADINGSPACE(packet) < 28 { return }", "let f = m_adj",
    ]
    let errors = try Self.errors(Self.front + uses + ["}"])
    for (index, use) in uses.enumerated() {
      let name = use.firstMatch(of: /m[a-z]*_\w+|M[A-Z_]+/).map { String($0.0) } ?? ""
      let said = errors[Self.front.count + index + 1] ?? []
      #expect(
        said.contains { $0.contains("'\(name)'") && $0.contains(/replaced|renamed|unavailable/) },
        "\(use): \(said)")
    }
  }
}
