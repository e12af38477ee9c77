// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// The exit statuses that are promised, with what is said on standard error.
@Suite struct ExitStatusTests {
  @Test func exit0AllDoneAndNothingOnStandardError() throws {
    for destination in ["null", "stack"] {
      let result = try Command.run("replay", "Captures/dns.pcap", "--to", destination)
      #expect(result.status == 0)
      #expect(result.diagnostics == "")
    }
  }

  @Test func exit0TheLockCheckerFindsNothingAndSaysSoWhereItIsAskedAmiss() throws {
    let arguments = ["replay", "Captures/dns.pcap", "--to", "stack"]
    for (value, isKnown) in [("trap", true), ("1", true), ("2", false)] {
      let program = "\(Command.products.path)/mbuma"
      let result = try Command(
        ["MBUMA_WITNESS=\(value)", program] + arguments, program: "/usr/bin/env"
      ).finish()
      #expect(result.status == 0)
      #expect(result.text.contains("outstanding 0 mbufs"))
      #expect(result.diagnostics.hasPrefix("MBUMA_WITNESS=\(value): not") == !isKnown)
      #expect(result.diagnostics.isEmpty == isKnown)
    }
  }

  @Test(arguments: ["nowhere.pcap", "nowhere/at/all", "Captures"])
  func exit1AnInputThatIsNotThereOrNoFile(_ name: String) throws {
    let result = try Command.run("replay", name)
    #expect(result.status == 1)
    expectThreeParts(result.diagnostics, about: name)
  }

  @Test func exit1AnOutputThatCannotBeWritten() throws {
    let result = try Command.run("replay", "Captures/dns.pcap", "--to", "file:/nowhere/out.pcap")
    #expect(result.status == 1)
    expectThreeParts(result.diagnostics, about: "/nowhere/out.pcap")
  }

  @Test func exit1AnOutputThatTakesNoMoreWithThePacketsThatItRefused() throws {
    guard Command.isThere("/dev/full") else { return }
    let result = try Command.run(
      "replay", "Captures/dns.pcap", "--to", "file:/dev/full", "--loop", "100", "--json")
    #expect(result.status == 1)
    expectThreeParts(result.diagnostics, about: "/dev/full")
    let report = try result.json()
    #expect((report["output_error"] as? [String: Any])?["what"] is String)
    expectConservation(report)
  }

  @Test func exit1AnOutputOnAFullDiskHasThePacketsThatAreReportedAsSent() throws {
    let folder = try TemporaryFolder()
    // 48 KiB: bash counts in 1,024 bytes. The signal that goes with it ends who does not ignore it.
    let script = #"ulimit -f 48; exec "$@""#
    let out = folder.file("out.pcap")
    let program = "\(Command.products.path)/mbuma"
    let probe = try Command(
      ["-c", script, "bash", program, "--version"], program: "/bin/bash"
    ).finish()
    guard probe.status != 66, probe.status != 128 + SIGXFSZ else {
      print("skipped: the thread sanitizer needs larger files of its own to start")
      return
    }
    for loops in ["3", "50"] {
      // The second ends in a write, the first in the closing. The diagnostics are short enough.
      let result = try Command(
        [
          "-c", script, "bash", program, "replay", "Captures/dns.pcap",
          "--loop", loops, "--to", "file:\(out)", "--json",
        ], program: "/bin/bash"
      ).finish()
      #expect(result.status == 1)
      let report = try result.json()
      expectConservation(report)
      let again = try Command.run("replay", out, "--json")
      #expect(again.status == 0)
      let file = try again.json()
      #expect(file["packets_read"] as? Int == report["packets_sent"] as? Int)
      #expect(file["bytes_read"] as? Int == report["bytes_sent"] as? Int)
      let sent = try #require(report["packets_sent"] as? Int)
      #expect(sent > 100)
      #expect(result.diagnostics.hasPrefix("mbuma: \(out), packet \(sent + 1): cannot write"))
    }
  }

  @Test func exit1AReportThatCannotBeWritten() throws {
    guard Command.isThere("/dev/full") else { return }
    let result = try Command.run("replay", "Captures/dns.pcap", output: "/dev/full")
    #expect(result.status == 1)
    #expect(result.diagnostics.contains("cannot write the report"))
  }

  @Test func exit2PacketsThatThePoolHadNoClustersForAreCounted() throws {
    let folder = try TemporaryFolder()
    // A frame over a cluster takes two; the small ones take an mbuf alone.
    var capture = CaptureBytes()
    capture.addFrames(3, byteCount: 60)
    capture.addFrames(5, byteCount: 5_000)
    let path = try folder.write(capture.data, "mixed.pcap")
    let result = try Command.run("replay", path, "--limit-clusters", "1", "--json")
    #expect(result.status == 2)
    let report = try result.json()
    #expect(report["packets_read"] as? Int == 8)
    #expect(report["packets_sent"] as? Int == 3)
    #expect(report["drops"] as? [String: Int] == ["pool_exhausted": 5])
    expectConservation(report)
  }

  @Test(arguments: [
    ("cut_header.pcap", "cut"), ("cut_record.pcap", "cut"), ("bad_caplen.pcap", "corrupt"),
    ("empty.pcap", "cut"),
  ])
  func exit3AnInputThatIsCutCorruptOrOfNoKnownKind(_ name: String, _ end: String) throws {
    let result = try Command.run("replay", "Captures/\(name)", "--json")
    #expect(result.status == 3)
    expectThreeParts(result.diagnostics, about: "Captures/\(name)")
    let input = try #require((try result.json()["inputs"] as? [[String: Any]])?.first)
    #expect(input["end"] as? String == end)
    let error = try #require(input["error"] as? [String: Any])
    for part in ["what", "why", "do"] { #expect((error[part] as? String)?.isEmpty == false) }
  }

  @Test(arguments: [
    ("cut_header.pcap", 2, 82), ("cut_record.pcap", 26, 2_626), ("bad_caplen.pcap", 2, 82),
  ])
  func exit3ThePacketAndTheOffsetAreNamed(
    _ name: String, _ packet: Int, _ offset: Int
  ) throws {
    let result = try Command.run("replay", "Captures/\(name)", "--json")
    #expect(
      result.diagnostics.hasPrefix("mbuma: Captures/\(name), packet \(packet), byte \(offset): "))
    let input = try #require((try result.json()["inputs"] as? [[String: Any]])?.first)
    let error = try #require(input["error"] as? [String: Any])
    #expect(error["packet"] as? Int == packet)
    #expect(error["offset"] as? Int == offset)
    #expect(input["packets"] as? Int == packet - 1)
  }

  @Test func exit3AFileOfAnotherKind() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data("not a capture at all, but long enough".utf8), "a.txt")
    let result = try Command.run("replay", path)
    #expect(result.status == 3)
    expectThreeParts(result.diagnostics, about: path)
    #expect(result.diagnostics.contains("6e 6f 74 20"))
  }

  @Test func exit3InputsOfDifferentLinkTypesDoNotGoIntoOneFile() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      "replay", "Captures/ntp.pcap", "Captures/tun_raw.pcap", "--to",
      "file:\(folder.file("out.pcap"))", "--json")
    #expect(result.status == 3)
    expectThreeParts(result.diagnostics, about: "Captures/tun_raw.pcap")
    #expect(try result.json()["packets_sent"] as? Int == 26)
    // What was written before is a whole capture.
    let again = try Command.run("replay", folder.file("out.pcap"), "--json")
    #expect(again.status == 0)
    #expect(try again.json()["packets_read"] as? Int == 26)
  }

  @Test func exit4AFileWithoutPacketsAndAFilterThatMatchesNone() throws {
    let empty = try Command.run("replay", "Captures/header_only.pcap")
    #expect(empty.status == 4)
    #expect(empty.diagnostics == "mbuma: no packet was replayed: the input holds none\n")
    let filtered = try Command.run("replay", "Captures/dns.pcap", "udp", "port", "9")
    #expect(filtered.status == 4)
    #expect(filtered.diagnostics.contains("none matched the filter udp port 9"))
    let folder = try TemporaryFolder()
    var capture = CaptureBytes()
    capture.addFrames(4, byteCount: 5_000)
    let path = try folder.write(capture.data, "big.pcap")
    let denied = try Command.run("replay", path, "--limit-clusters", "1")
    #expect(denied.status == 4)
    #expect(denied.diagnostics.contains("all 4 were dropped; raise --limit-clusters"))
  }

  @Test func exit5AnOutputThatIsNotWhatWasWritten() throws {
    // What was read is written rightly, so the input is changed between its first reading and the
    // comparison: a long second input and many loops leave the time for that.
    let folder = try TemporaryFolder()
    var before = CaptureBytes()
    before.addFrames(3, byteCount: 60)
    var after = before.data
    after[24 + 16 + 10] = 0xff
    let path = try folder.write(before.data, "in.pcap")
    let out = folder.file("out.pcap")
    var large = CaptureBytes()
    large.addFrames(40_000, byteCount: 60)
    let second = try folder.write(large.data, "second.pcap")
    let command = try Command(
      ["replay", path, second, "--to", "file:\(out)", "--verify", "--loop", "20", "--json"])
    // As soon as there is more than a header, the first input has been read once.
    try command.wait { folder.byteCount("out.pcap") > 24 }
    try after.write(to: URL(fileURLWithPath: path))
    let result = try command.finish()
    #expect(result.status == 5)
    let verify = try #require(try result.json()["verify"] as? [String: Any])
    #expect(verify["identical"] as? Bool == false)
    #expect(verify["packets"] as? Int == 0)
    let difference = try #require(verify["first_difference"] as? [String: Any])
    #expect(difference["packet"] as? Int == 1)
    #expect(difference["offset"] as? Int == 10)
    #expect(difference["field"] as? String == "bytes")
  }

  @Test(arguments: [
    ["replay"], ["replay", "--nonsense", "Captures/dns.pcap"], ["nonsense"],
    ["replay", "Captures/dns.pcap", "--to", "nowhere"],
    ["replay", "Captures/dns.pcap", "--to", "file:"],
    ["replay", "Captures/dns.pcap", "--verify"],
    ["replay", "Captures/dns.pcap", "--verify", "--to", "stack"],
    ["replay", "Captures/dns.pcap", "--verify", "--to", "file:-"],
    ["replay", "-", "--verify", "--to", "file:/tmp/never-made.pcap"],
    ["replay", "/dev/zero", "--verify", "--to", "file:/tmp/never-made.pcap"],
    ["replay", "-", "--loop", "2"], ["replay", "/dev/zero", "--loop", "2"], ["replay", "-", "-"],
    ["replay", "Captures/dns.pcap", "--to", "file:-", "--json"],
    ["replay", "Captures/dns.pcap", "--verify-on", "lo"],
    ["replay", "Captures/dns.pcap", "--to", "link:lo", "--verify-on", "lo"],
    ["replay", "Captures/dns.pcap", "--to", "file:Captures/dns.pcap"],
    ["replay", "Captures/dns.pcap", "--to", "file:Sources/../Captures/dns.pcap"],
    ["replay", "Captures/dns.pcap", "this is no filter"],
    ["replay", "Captures/dns.pcap", "--filter", "no ("], ["replay", "--filter", "udp"],
    ["replay", "Captures/dns.pcap", "--filter", "udp", "--", "udp"],
    ["replay", "Captures/dns.pcap", "udp", "port"],
    ["bench", "--runs", "0"], ["bench", "--run-ms", "0"],
    ["bench", "--path", "no/such/row", "--runs", "1", "--run-ms", "1"],
    ["bench", "--compare", "Captures/dns.pcap"], ["bench", "--compare", "nowhere.json"],
  ])
  func exit64AWrongCommandLine(_ arguments: [String]) throws {
    let before = try Data(contentsOf: Command.root.appendingPathComponent("Captures/dns.pcap"))
    let result = try Command.run(arguments)
    #expect(result.status == 64)
    #expect(!result.diagnostics.isEmpty)
    let after = try Data(contentsOf: Command.root.appendingPathComponent("Captures/dns.pcap"))
    #expect(before == after)
    #expect(!Command.isThere("/tmp/never-made.pcap"))
  }

  @Test(arguments: [
    "0", "-1", "1.5", "k", "", "1x", "10kk", "0x10", "1e3", "inf", "nan", ".5M", "1.2.3k", " 1",
    "99999999999G", "1.", "9223372036854775808", "9223372036854775.808k", "1.0001k",
  ])
  func exit64NumbersThatAreNone(_ number: String) throws {
    let result = try Command.run("replay", "Captures/dns.pcap", "--limit=\(number)")
    #expect(result.status == 64, "--limit=\(number)")
    #expect(result.text == "")
  }

  @Test(arguments: [
    ("10", 10), ("0.02k", 20), ("0.0200000000000000000000k", 20), ("1.5M", 86), ("10k", 86),
    ("2G", 86), ("1K", 86), ("9223372036854775807", 86), ("9223372036854775.807k", 86),
  ])
  func numbersHaveKMAndG(_ number: String, _ sent: Int) throws {
    let result = try Command.run("replay", "Captures/dns.pcap", "--limit", number, "--json")
    #expect(result.status == 0)
    #expect(try result.json()["packets_sent"] as? Int == sent)
  }

  /// No packet is lost from the counts.
  private func expectConservation(_ report: [String: Any]) {
    let drops = (report["drops"] as? [String: Int] ?? [:]).values.reduce(0, +)
    let (read, sent) = (report["packets_read"] as? Int, report["packets_sent"] as? Int)
    #expect(read == (sent ?? 0) + drops)
    #expect(report["outstanding"] as? Int == 0)
  }
}

/// What, why and what to do, in one line for each error and nothing else.
func expectThreeParts(_ diagnostics: String, about name: String) {
  for line in diagnostics.split(separator: "\n") {
    #expect(line.hasPrefix("mbuma: \(name)"))
    #expect(line.contains(": ") && line.contains("; "), "\(line)")
  }
  #expect(diagnostics.hasSuffix("\n"))
}
