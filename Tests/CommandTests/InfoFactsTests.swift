// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// `mbuma info`: what a pcapng says beside its frames, packets that are only counted, and hashes.
@Suite struct InfoFactsTests {
  private static func file(_ arguments: String...) throws -> [String: Any] {
    let report = try Command.run(["info", "--json"] + arguments).json()
    return try #require((report["files"] as? [[String: Any]])?.first)
  }

  // MARK: pcapng

  /// A pcapng in this machine's order.
  private struct Blocks {
    private(set) var data = Data()

    init(_ options: [(UInt16, String)] = []) {
      add(0x0a0d_0d0a, [0x1a2b_3c4d, 1, .max, .max], options)
    }

    mutating func add(
      _ type: UInt32, _ words: [UInt32], _ options: [(UInt16, String)] = [], frame: Int = 0
    ) {
      var body = Data()
      for word in words { Self.append(word, to: &body) }
      body.append(Data(count: (frame + 3) & ~3))
      for (code, text) in options {
        Self.append(code, to: &body)
        Self.append(UInt16(text.utf8.count), to: &body)
        body.append(Data(text.utf8) + Data(count: (4 - text.utf8.count % 4) % 4))
      }
      Self.append(type, to: &data)
      Self.append(UInt32(body.count + 12), to: &data)
      data.append(body)
      Self.append(UInt32(body.count + 12), to: &data)
    }

    mutating func addFrame(interface: UInt32, _ comments: [String] = []) {
      add(6, [interface, 0, 0, 20, 20], comments.map { (1, $0) }, frame: 20)
    }

    private static func append(_ word: some FixedWidthInteger, to data: inout Data) {
      unsafe withUnsafeBytes(of: word) { unsafe data.append(contentsOf: $0) }
    }
  }

  private static func capture() -> Data {
    var blocks = Blocks([(2, "a machine"), (3, "an OS"), (4, "a program"), (1, "on\nit")])
    blocks.add(1, [1, 96], [(2, "eth0"), (3, "the \u{1b}[1mfirst"), (11, "\0udp")])
    blocks.add(1, [101, 0], [(9, "\u{9}")])
    blocks.addFrame(interface: 1)
    blocks.addFrame(interface: 1, ["one", "two"])
    blocks.addFrame(interface: 0, ["three"])
    blocks.add(
      5, [0, 0, 0], [(4, "ABCDEFG\0"), (5, "\u{7}\0\0\0\0\0\0\0"), (7, "\u{2}\0\0\0\0\0\0\0")])
    blocks.add(4, [0])
    blocks.add(0x0bad, [0, 0])
    return blocks.data
  }

  @Test func aPcapngsOwnFactsAreTold() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.capture(), "facts.pcapng")
    let file = try Self.file(path)
    let sections = try #require(file["sections"] as? [[String: Any]])
    #expect(file["section_count"] as? Int == 1 && sections.count == 1)
    #expect(sections[0]["hardware"] as? String == "a machine")
    #expect(sections[0]["os"] as? String == "an OS")
    #expect(sections[0]["application"] as? String == "a program")
    #expect(sections[0]["comments"] as? [String] == ["on\nit"])
    let interfaces = try #require(file["interfaces"] as? [[String: Any]])
    #expect(file["interface_count"] as? Int == 2 && interfaces.count == 2)
    #expect(interfaces.map { $0["interface"] as? Int } == [0, 1])
    #expect(interfaces.map { $0["packets"] as? Int } == [1, 2])
    #expect(interfaces.map { $0["link_type"] as? String } == ["EN10MB", "RAW"])
    #expect(interfaces.map { $0["snapshot_bytes"] as? Int } == [96, 0])
    #expect(interfaces.map { $0["ticks_per_second"] as? Int } == [1_000_000, 1_000_000_000])
    #expect(interfaces.map { $0["name"] as? String } == ["eth0", nil])
    #expect(interfaces.map { $0["filter"] as? String } == ["udp", nil])
    #expect(interfaces.map { $0["dropped"] as? Int } == [7, nil])
    let drops = try #require(file["drops"] as? [String: Int])
    #expect(drops == ["interface": 7, "system": 2])
    let comments = try #require(file["comments"] as? [String: Any])
    #expect(comments["packets"] as? Int == 2)
    let first = try #require(comments["first"] as? [[String: Any]])
    #expect(first.map { $0["packet"] as? Int } == [2, 2, 3])
    #expect(first.map { $0["comment"] as? String } == ["one", "two", "three"])
    let others = try #require(file["other_blocks"] as? [String: Int])
    #expect(others.filter { $1 > 0 } == ["name_resolution": 1, "statistics": 1, "custom": 1])

    let text = try Command.run("info", path).text
    for line in [
      "Packet size limit:   interfaces: no limit, and up to 96 bytes",
      "Capture hardware:    a machine",
      "Capture oper-sys:    an OS", "Capture application: a program",
      #"Capture comment:     on\nit"#, "Number of interfaces in file:  2",
      #"Interface #0:        eth0, "the \u{1B}[1mfirst", EN10MB, snapshot length 96, "#
        + #"microseconds, filter "udp", 1 packet"#,
      "Interface #1:        RAW, no snapshot length, nanoseconds, 2 packets",
      "Packet comments:     2 packets", "                       packet 2: one",
      "Other blocks:        name resolution 1, statistics 1, custom 1",
      "Dropped:             7 by the interface, 2 by the system",
    ] {
      #expect(text.contains(line + "\n"), "\(text)")
    }
  }

  @Test func ofAPipeTheSameIsTold() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.capture(), "facts.pcapng")
    let pipe = TestPipe()
    let command = try Command(["info", "-", "--json", "--hash"], input: pipe.reader)
    try pipe.write(Self.capture())
    try pipe.end()
    let piped = try #require(
      (try command.finish().json()["files"] as? [[String: Any]])?.first)
    let file = try Self.file(path)
    for key in ["sections", "interfaces", "comments", "other_blocks", "drops"] {
      #expect(piped[key] as? NSObject == file[key] as? NSObject, "\(key)")
    }
    #expect(piped["sha256"] is NSNull)
    #expect(piped["sha256_missing"] as? String == "standard input is read once")
  }

  @Test(arguments: Command.captures.filter { $0.hasSuffix(".pcapng") })
  func everyPacketIsOfAnInterface(_ name: String) throws {
    let file = try Self.file("Captures/\(name)")
    let interfaces = try #require(file["interfaces"] as? [[String: Any]])
    #expect(
      interfaces.compactMap { $0["packets"] as? Int }.reduce(0, +) == file["packets"] as? Int)
  }

  @Test func aPcapHasNothingBesideItsFrames() throws {
    let file = try Self.file("Captures/dns.pcap")
    #expect(file["section_count"] as? Int == 0 && file["interface_count"] as? Int == 0)
    #expect(file["drops"] is NSNull)
    #expect(file["sha256"] is NSNull && file["sha256_missing"] as? String == "not asked for")
  }

  // MARK: Counts

  @Test(arguments: Command.captures)
  func thereAreAsManyPacketsAsAreLookedAt(_ name: String) throws {
    let path = "Captures/\(name)"
    let (counted, looked) = (try Self.file("-c", path), try Self.file(path))
    for key in ["packets", "end", "error", "format", "file_bytes"] {
      #expect(counted[key] as? NSObject == looked[key] as? NSObject, "\(key)")
    }
    let text = try Command.run("info", "-c", path)
    #expect(text.status == (try Command.run("info", path)).status)
    if text.status == 0 {
      let count = try #require(counted["packets"] as? Int)
      #expect(text.text == "File name:           \(path)\nNumber of packets:   \(count)\n")
      #expect(text.diagnostics == "")
    }
  }

  @Test func countsStandInATableAndAddUp() throws {
    let names = ["dns.pcap", "cut_record.pcap", "dns.pcapng"].map { "Captures/\($0)" }
    let table = try Command.run(["info", "-c", "--table"] + names)
    #expect(table.status == 3)
    let rows = table.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(
      rows == [
        ["packets", "end", "file"], ["86", "clean", names[0]], ["25", "cut", names[1]],
        ["86", "clean", names[2]],
      ])
    let folder = try TemporaryFolder()
    let report = try Command.run(["info", "-c", "--json"] + names).output
    let path = try folder.write(report, "counts.json")
    #expect(try Command.run("merge-reports", path).output == report)
    #expect(
      try Command.run("merge-reports", path, "--text").text
        == "Files:               3 (clean 2, cut 1)\nNumber of packets:   197\n")
  }

  // MARK: Hashes

  @Test func theHashIsThatOfSha256sum() throws {
    let program = "/usr/bin/sha256sum"
    guard Command.isThere(program) else { return print("skipped: there is no \(program)") }
    let paths = Command.captures.map { "Captures/\($0)" }
    let sums = try Command(paths, program: program).finish().text.split(separator: "\n")
    let report = try Command.run(["info", "--json", "--hash"] + paths).json()
    let files = try #require(report["files"] as? [[String: Any]])
    #expect(files.compactMap { $0["sha256"] as? String } == sums.map { String($0.prefix(64)) })
    #expect(files.allSatisfy { $0["sha256_missing"] is NSNull })
    // What cannot be opened has none.
    let file = try Self.file("--hash", "-c", "Captures/nowhere.pcap")
    #expect(file["sha256"] is NSNull && file["sha256_missing"] as? String == "no such file")
  }

  @Test func aNamedPipeHasNoHashAndIsNotWaitedForAgain() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe")
    unsafe #expect(mkfifo(pipe, 0o600) == 0)
    let capture = "\(Command.root.path)/Captures/dns.pcap"
    let writer = try Command(["-c", "cat \(capture) > \(pipe)"], program: "/bin/sh")
    let report = try Command.run("info", "--hash", "--json", pipe)
    #expect(try writer.finish().status == 0)
    let files = try #require(report.json()["files"] as? [[String: Any]])
    #expect(report.status == 0 && files.first?["sha256"] is NSNull)
    #expect(files.first?["packets"] as? Int == 86)
  }
}
