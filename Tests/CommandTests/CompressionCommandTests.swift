// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// Compressed captures on the command line: read by every command, from everything, and written.
@Suite struct CompressionCommandTests {
  private static let zipped = "Captures/ntp.pcap.gz"
  static let endings = ["gz", "zst", "lz4"]

  private func capture(_ name: String) throws -> Data {
    try readFile(Command.root.appendingPathComponent("Captures/\(name)").path)
  }

  private func info(_ path: String) throws -> [String: Any] {
    let report = try Command.run("info", "--json", path).json()
    return try #require((report["files"] as? [[String: Any]])?.first)
  }

  @Test func infoTellsTheCompression() throws {
    let (plain, zipped) = (try info("Captures/ntp.pcap"), try info(Self.zipped))
    #expect(plain["compression"] is NSNull && zipped["compression"] as? String == "gzip")
    // Bytes of the file are those on the disk; all that is in it is the same.
    #expect(zipped["file_bytes"] as? Int == 902)
    for (key, value) in plain where !["file", "file_bytes", "compression"].contains(key) {
      #expect(zipped[key] as? NSObject == value as? NSObject, "\(key)")
    }
    let text = try Command.run("info", Self.zipped).text
    #expect(text.contains("\nFile compression:    gzip\n"))
    #expect(try !Command.run("info", "Captures/ntp.pcap").text.contains("compression"))
  }

  @Test(arguments: endings)
  func aReplayWritesWhatItsOutputIsCalled(_ ending: String) throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcapng.\(ending)")
    let result = try Command.run(
      "replay", Self.zipped, "Captures/tun_raw.pcap", "--to", "file:\(out)", "--verify", "--json")
    #expect(result.status == 0, "\(result.diagnostics)")
    let report = try result.json()
    let verify = try #require(report["verify"] as? [String: Any])
    #expect(verify["identical"] as? Bool == true && verify["packets"] as? Int == 46)
    let written = try info(out)
    let name = ["gz": "gzip", "zst": "zstd"][ending] ?? ending
    #expect(written["compression"] as? String == name)
    #expect(written["format"] as? String == "pcapng" && written["packets"] as? Int == 46)
    // And from it, looped, back into a plain one.
    let again = try Command.run("replay", out, "--loop", "2", "--json").json()
    #expect(again["packets_sent"] as? Int == 92)
  }

  @Test(arguments: ["gzip", "zstd", "lz4", "none"])
  func compressSaysWhatTheNameDoesNot(_ name: String) throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.gz")
    let dump = try Command.run(
      "dump", "Captures/dns.pcap", "-w", "-", "--compress", name, output: out)
    #expect(dump.status == 0, "\(dump.diagnostics)")
    let written = try info(out)
    #expect(written["compression"] as? String == (name == "none" ? nil : name))
    #expect(written["packets"] as? Int == 86 && written["end"] as? String == "clean")
    if name == "none" { #expect(try folder.read("out.gz") == capture("dns.pcap")) }
    let replay = try Command.run(
      "replay", out, "--to", "file:\(folder.file("back.pcap"))", "--compress", "none")
    #expect(replay.status == 0)
    #expect(try folder.read("back.pcap") == capture("dns.pcap"))
  }

  @Test func compressWithoutAFileIsAMistake() throws {
    for arguments in [
      ["replay", Self.zipped, "--compress", "gzip"], ["dump", Self.zipped, "--compress", "gzip"],
      ["replay", Self.zipped, "--to", "file:x", "--compress", "xz"],
    ] {
      let result = try Command.run(arguments)
      #expect(result.status == 64 && result.diagnostics.contains("--compress"))
    }
  }

  /// Standard input that does not block, a few bytes at a time.
  @Test func standardInputIsExpandedAsItComes() throws {
    let pipe = TestPipe()
    _ = fcntl(pipe.reader, F_SETFL, fcntl(pipe.reader, F_GETFL) | O_NONBLOCK)
    let command = try Command(["replay", "-", "--to", "file:-"], input: pipe.reader)
    let bytes = try capture("ntp.pcap.gz")
    for start in stride(from: 0, to: bytes.count, by: 101) {
      usleep(5_000)
      try pipe.write(bytes[start..<min(start + 101, bytes.count)])
    }
    try pipe.end()
    let result = try command.finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(result.output == (try capture("ntp.pcap")))
  }

  @Test func aNamedPipeIsExpanded() throws {
    let script = #""$1" dump <(cat "$2") | wc -l"#
    let result = try Command(
      ["-c", script, "bash", "\(Command.products.path)/mbuma", Self.zipped], program: "/bin/bash"
    ).finish()
    #expect(result.text.trimmingCharacters(in: .whitespaces) == "26\n")
    #expect(result.diagnostics.isEmpty)
  }

  @Test(arguments: ["info", "dump", "replay"])
  func aStreamThatEndsEarlyIsReportedWithWhatWasRead(_ command: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try capture("ntp.pcap.gz").prefix(500), "cut.pcap.gz")
    let result = try Command.run(command, path)
    #expect(result.status == 3 && !result.text.isEmpty)
    expectThreeParts(result.diagnostics, about: path)
    let place = "packet 12, byte 1146 of the expanded capture: the gzip stream ends early: "
    #expect(result.diagnostics.contains(place + "its 500 bytes end inside a member"))
  }

  /// libpcap reads none, and says what to do.
  @Test func theOtherEngineRefusesThem() throws {
    let result = try Command.run("replay", Self.zipped, "--engine", "libpcap")
    #expect(result.status == 3)
    #expect(result.diagnostics.contains("run gunzip -c first"))
  }
}
