// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Testing

/// The rules of the house that a text search can keep.
@Suite struct TidyTests {
  /// The files with unsafe code outside of the modules that are there to hold it: where the C
  /// library, libpcap and malloc are called, and where words are read from bytes.
  static let unsafeFiles: Set = [
    "Sources/Inspection/Dump/TextBuffer.swift",
    "Sources/Interfaces/SystemMessage.swift",
    "Sources/Interfaces/WallClock.swift",
    "Sources/Wire/InternetChecksum+Words.swift",
    "Sources/Wire/NetworkOrder.swift",
    "Sources/mbuma/Bench+Capture.swift",
    "Sources/mbuma/Bench+Pool.swift",
    "Sources/mbuma/CaptureArguments.swift",
    "Sources/mbuma/CaptureFrames.swift",
    "Sources/mbuma/Doctor/Probes.swift",
    "Sources/mbuma/Interrupts.swift", "Sources/mbuma/LocalZone.swift",
    "Sources/mbuma/OpenFiles.swift",
    "Sources/mbuma/StepClock.swift",
    "Sources/mbuma/Terminal.swift",
  ]
  static let unsafeModules: Set = ["UMA", "Mbufs", "HostInterfaces", "Pcap", "Libpcap"]

  /// The libraries of the manifest.
  static let libraries: Set<String> = {
    let manifest = (try? Tree.read("Package.swift")) ?? ""
    return Set(manifest.matches(of: /library\(\s*"(\w+)"/).map { String($0.1) })
  }()

  @Test func thereAreFilesToLookAt() {
    #expect(Tree.swiftFiles.count > 100)
    #expect(Tree.textFiles.count > Tree.swiftFiles.count)
    #expect(Self.libraries.count >= 10)
  }

  @Test func unsafeCodeIsOnlyWhereItBelongs() throws {
    let word = /\bunsafe\b/
    var found: Set<String> = []
    for path in Tree.swiftFiles {
      guard let module = Tree.module(path), !Self.unsafeModules.contains(module) else { continue }
      let code = try Tree.lines(path).filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      if code.contains(where: { $0.contains(word) }) { found.insert(path) }
    }
    #expect(found == Self.unsafeFiles)
  }

  @Test func everyFileBeginsWithItsLicence() throws {
    let mark = "SPDX-License-Identifier: BSD-2-Clause"
    for path in Tree.swiftFiles where path != "Package.swift" {
      #expect(try Tree.lines(path).first == "// \(mark)", "\(path)")
    }
    for path in Tree.textFiles where !path.hasSuffix(".md") {
      let isMarked = try Tree.lines(path).prefix(3).contains { $0.contains(mark) }
      #expect(isMarked, "\(path)")
    }
  }

  @Test func noMarkerOfUnfinishedWorkIsLeft() throws {
    // Put together so that this file does not hold them.
    let markers = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "W" + "IP:"]
    for path in Tree.textFiles {
      for (number, line) in try Tree.lines(path).enumerated() {
        for marker in markers where line.contains(marker) {
          Issue.record("\(path):\(number + 1): \(line)")
        }
      }
    }
  }

  @Test func noFileIsLongerThan400Lines() throws {
    for path in Tree.swiftFiles {
      let count = try Tree.lines(path).count
      #expect(count <= 401, "\(path) has \(count) lines")
    }
  }

  @Test func theLibrariesStayClearOfFoundation() throws {
    let word = /^\s*(?:@\w+ +|public +|package +|internal +)*import +Foundation/
    for path in Tree.swiftFiles {
      guard let module = Tree.module(path), Self.libraries.contains(module) else { continue }
      #expect(try !Tree.lines(path).contains { $0.contains(word) }, "\(path)")
    }
  }

  @Test func everyCaptureHasItsExpectedOutputAndItsRow() throws {
    let folder = Tree.root.appendingPathComponent("Captures").path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    let endings = [".pcap", ".pcapng", ".pcap.gz"]
    let captures = Set(names.filter { name in endings.contains { name.hasSuffix($0) } })
    #expect(captures.count >= 30)
    let outputs = names.filter { $0.hasSuffix(".out") }.map { String($0.dropLast(4)) }
    #expect(Set(outputs) == captures)
    let rows = try Tree.lines("Captures/MANIFEST.tsv").compactMap { line -> String? in
      line.isEmpty || line.hasPrefix("#")
        ? nil : line.split(separator: "\t").first.map(String.init)
    }
    #expect(Set(rows) == captures)
    #expect(rows.count == captures.count)
  }

  private static let promises = "Sources/UMA/UMA.docc/Promises.md"
  private static let comingFromBSD = "Sources/Mbufs/Mbufs.docc/ComingFromBSD.md"

  @Test func everyTestThatATableNamesIsThere() throws {
    let tests = try Tree.swiftFiles.filter { $0.hasPrefix("Tests/") }.map(Tree.read)
    var count = 0
    for row in try Tree.rows(Self.promises) + Tree.rows(Self.comingFromBSD) {
      guard let name = row.last, name.hasPrefix("`"), name.hasSuffix("`"),
        name.contains("Tests/")
          || name.contains("RawIP/")
      else { continue }
      let parts = name.dropFirst().dropLast().split(separator: "/", maxSplits: 1)
      let isThere = tests.contains { text in
        text.contains("struct \(parts[0]) ")
          && text.contains("func \(parts[1])(")
      }
      #expect(isThere, "\(name)")
      count += 1
    }
    #expect(count > 40)
  }

  @Test func everyItemOfTheSeedHasItsRowAndItsTest() throws {
    let rows = try Tree.rows(Self.promises)
    let wanted = [
      "several zones on one keg", "takes the master", "secondary Packet zone",
      "counters inside the slab", "counter of an item by its address", "one definition",
      "three properties", "private page back ends", "zeroed items on every path",
      "leak into buckets", "fresh pages are zero", "M_NOWAIT", "M_WAITOK", "M_NOVM",
      "the VM option", "MTXCLASS", "NOFREE", "malloc(9)", "no private hash",
      "demands an empty zone", "growing a hash and freeing one", "WITNESS",
      "one that does not wait", "netstat -m", "vmstat -z", "0 for none", "up and down",
      "empty socket buffer", "a leak",
    ]
    for item in wanted {
      #expect(rows.contains { $0.count == 3 && $0[0].contains(item) }, "\(item)")
    }
  }

  @Test func everyZoneFlagHasItsRowAndItsTest() throws {
    let source = try Tree.read("Sources/UMA/Kegs/ZoneFlags.swift")
    let flags = source.matches(of: /static (?:let|var) (\w+) ?[:=] ?ZoneFlags/).map { String($0.1) }
    let rows = try Tree.rows(Self.comingFromBSD).filter { $0.count == 4 }
    #expect(flags.count > 15)
    for flag in flags {
      #expect(rows.contains { $0[1] == "`\(flag)`" && $0[3].contains("Tests/") }, "\(flag)")
    }
  }

  /// A routine, macro or constant; fields of structures and names of zones are not.
  private static func isBSDName(_ name: Substring) -> Bool {
    let fields: Set<Substring> = [
      "m_data", "m_len", "m_next", "m_nextpkt", "m_flags", "m_type", "mc_len", "mc_mlen",
      "mbuf_ext_refcnt",
    ]
    let pattern =
      /(m|mb|mc|mbuf|uma|M|MT|MH|MTAG|EXT|SB|IF|UMA)_\w+|MC[A-Z]\w*|MG\w+|M(H?LEN|SIZE)|MEXT\w+|MINCL\w+|MJUM\w+|s[bo][a-z]\w*/
    return name.wholeMatch(of: pattern) != nil && !fields.contains(name)
  }

  private static func bsdNames(_ text: String) -> [String] {
    text.matches(of: /`([^`]+)`/).map(\.1).filter(isBSDName).map(String.init)
  }

  /// The BSD names in Swift, with the Swift names that the compiler answers by.
  private static func stubs() throws -> [(name: String, hint: String?)] {
    let pattern =
      /unavailable,\s*(\w+):\s*"([^"]*)"\s*\)\n(?:@export\(implementation\) )?public \w+ (\w+)/
    return try Tree.swiftFiles.filter { $0.hasSuffix("/BSDNames.swift") }.flatMap { path in
      try Tree.read(path).matches(of: pattern).map { match in
        (String(match.3), match.1 == "renamed" ? String(match.2) : nil)
      }
    }
  }

  @Test func everyBSDNameOfATableIsOneToTheCompilerAndTheOtherWayRound() throws {
    let inTables = try Set(
      Tree.rows(Self.comingFromBSD).flatMap { Self.bsdNames($0.first ?? "") })
    let stubs = try Self.stubs().map(\.name)
    #expect(inTables.count > 150)
    #expect(inTables.subtracting(stubs) == [], "in a table, without a stub")
    #expect(Set(stubs).subtracting(inTables) == [], "a stub, in no table")
    #expect(stubs.count == Set(stubs).count, "stubs twice")
  }

  @Test func everyBSDNameThatDocumentationGivesHasItsRow() throws {
    let inTables = try Set(Tree.rows(Self.comingFromBSD).flatMap { Self.bsdNames($0.first ?? "") })
    for path in Tree.swiftFiles where path.hasPrefix("Sources/") {
      for line in try Tree.lines(path) where line.contains("/// BSD: ") {
        for name in Self.bsdNames(String(line)) where !inTables.contains(name) {
          Issue.record("\(path): \(name) has no row")
        }
      }
    }
  }

  @Test func theSwiftNamesThatTheCompilerAnswersByAreThere() throws {
    for (name, hint) in try Self.stubs() {
      guard let hint else { continue }
      let parts = hint.split { !$0.isLetter && !$0.isNumber }
      let members = Tree.declaredByType[parts[0]]
      let known = members?.union(Tree.labelsByType[parts[0], default: []])
      #expect(known?.isSuperset(of: parts.dropFirst()) == true, "\(name): \(hint)")
    }
  }

  @Test func theREADMENamesTheCommandsThatSetUpAndCheck() throws {
    let readme = try Tree.read("README.md")
    for command in ["Scripts/run", "Scripts/test"] {
      #expect(readme.contains(command))
      #expect(FileManager.default.isExecutableFile(atPath: Tree.root.path + "/" + command))
    }
  }

  @Test func everyScriptIsExecutableButForThoseThatOthersRead() throws {
    for path in Tree.textFiles where path.hasPrefix("Scripts/") {
      let isExecutable = FileManager.default.isExecutableFile(
        atPath: Tree.root.appendingPathComponent(path).path)
      let isRead = path == "Scripts/setup" || path.hasSuffix(".py")
      #expect(isExecutable == !isRead, "\(path)")
    }
  }

  @Test func everyTestIsNamedByAnIdentifier() throws {
    // Of the two styles that there were, the one of most tests; `--filter` takes it as it stands.
    let sentence = /func `|@(?:Test|Suite)\(\s*"/
    for path in Tree.swiftFiles where path.hasPrefix("Tests/") {
      for (number, line) in try Tree.lines(path).enumerated() where line.contains(sentence) {
        let isThisTest = path.hasSuffix("/TidyTests.swift") && line.contains("let sentence")
        #expect(isThisTest, "\(path):\(number + 1)")
      }
    }
  }
}
