// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// Files, pipes, loops, limits, filters and signals.
@Suite struct PipelineTests {
  private func capture(_ name: String) throws -> Data {
    try readFile(Command.root.appendingPathComponent("Captures/\(name)").path)
  }

  @Test(arguments: Command.captures)
  func eachReadableCaptureIsReplayedToAFileThatIsIdentical(_ name: String) throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    // A pcap has no place for what some of the pcapngs have beside their packets.
    let arguments = [
      "replay", "Captures/\(name)", "--to", "file:\(out)", "--verify", "--json", "--lossy",
    ]
    let result = try Command.run(arguments)
    let report = try result.json()
    let input = try #require((report["inputs"] as? [[String: Any]])?.first)
    guard input["format"] is String else {
      // Nothing to read, so nothing is written and nothing to verify.
      #expect(result.status == 3)
      #expect(!Command.isThere(out))
      #expect(report["verify"] is NSNull)
      return
    }
    if name == "mixed_links.pcapng" {
      // A pcap has one link type, which the third packet has not.
      #expect(result.status == 1 && report["packets_sent"] as? Int == 2)
      #expect(result.diagnostics.contains("packet 3: ") && result.diagnostics.contains("--dlt raw"))
      return
    }
    let verify = try #require(report["verify"] as? [String: Any])
    #expect(verify["identical"] as? Bool == true)
    #expect(verify["first_difference"] is NSNull)
    #expect(verify["packets"] as? Int == report["packets_read"] as? Int)
    #expect(result.status == 0 || input["end"] as? String != "clean" || result.status == 4)

    // The file says what the input said.
    let again = try Command.run("replay", out, "--json").json()
    for key in ["packets_read", "bytes_read", "protocols", "checksums", "undecodable"] {
      #expect(again[key] as? NSObject == report[key] as? NSObject, "\(key)")
    }
    let output = try #require((again["inputs"] as? [[String: Any]])?.first)
    #expect(output["link_type"] as? String == input["link_type"] as? String)
    #expect(output["end"] as? String == "clean")

    let original = try capture(name)
    if Self.isPlain(original), input["end"] as? String == "clean" {
      #expect(try folder.read("out.pcap") == original)
    }
  }

  /// Whether a file is laid out as this machine would write it.
  private static func isPlain(_ file: Data) -> Bool {
    let header = CaptureBytes().data
    // The magic number, version and snapshot length; lengths and times must be regular too, which
    // the file with odd ones is not.
    return file.count >= 24 && file.prefix(20) == header.prefix(20)
  }

  @Test func enoughCapturesArePlainToShowThatBytesStayTheSame() throws {
    #expect(try Command.captures.filter { Self.isPlain(try capture($0)) }.count >= 8)
  }

  @Test(arguments: ["dns.pcap", "dns.pcapng", "offload.pcap", "udp_nsec.pcap", "any_sll2.pcap"])
  func standardInputAndOutputGiveTheBytesThatFilesGive(_ name: String) throws {
    let folder = try TemporaryFolder()
    let path = "Captures/\(name)"
    let suffix = name.hasSuffix("ng") ? "pcapng" : "pcap"
    let viaFile = try Command.run("replay", path, "--to", "file:\(folder.file("out.\(suffix)"))")
    let expected = try folder.read("out.\(suffix)")
    let fromFile = try Command.run("replay", path, "--to", "file:-")
    let input = unsafe open("\(Command.root.path)/\(path)", O_RDONLY | O_CLOEXEC)
    defer { close(input) }
    let piped = try Command.run("replay", "-", "--to", "file:-", input: input)
    #expect(viaFile.status == 0 && fromFile.status == 0 && piped.status == 0)
    #expect(fromFile.output == expected)
    #expect(piped.output == expected)
    // The report goes where the data does not.
    #expect(viaFile.text.hasPrefix(path))
    #expect(fromFile.diagnostics.hasPrefix(path))
    #expect(piped.diagnostics.hasPrefix("-: "))
  }

  static let engines = ["own", "libpcap"]

  @Test(arguments: engines)
  func aPipeThatGivesAFewBytesAtATimeGivesTheSame(_ engine: String) throws {
    let pipe = TestPipe()
    let command = try Command(
      ["replay", "-", "--to", "file:-", "--engine", engine], input: pipe.reader)
    let bytes = try capture("ntp.pcap")
    for start in stride(from: 0, to: bytes.count, by: 101) {
      try pipe.write(bytes[start..<min(start + 101, bytes.count)])
      if start % 505 == 0 { usleep(1_000) }
    }
    try pipe.end()
    let result = try command.finish()
    #expect(result.status == 0)
    #expect(result.output == bytes)
  }

  @Test(arguments: [[], ["greater", "1"]], engines)
  func whatCameThroughAPipeIsInTheFileWhileThePipeIsSilent(
    _ filter: [String], _ engine: String
  ) throws {
    let pipe = TestPipe()
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let command = try Command(
      ["replay", "-"] + filter + ["--to", "file:\(out)", "--engine", engine], input: pipe.reader)
    let bytes = try capture("ntp.pcap")
    // The last record in part: what is whole does not wait for it.
    for (given, there) in [(24, 24), (1_400, 1_378), (bytes.count, bytes.count)] {
      let before = given == 24 ? 0 : given == 1_400 ? 24 : 1_400
      try pipe.write(bytes[before..<given])
      try command.wait { folder.byteCount("out.pcap") >= there }
      #expect(try folder.read("out.pcap") == bytes.prefix(there))
    }
    try pipe.end()
    let result = try command.finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try folder.read("out.pcap") == bytes)
  }

  @Test(arguments: engines)
  func standardInputThatDoesNotBlockIsWaitedFor(_ engine: String) throws {
    let pipe = TestPipe()
    _ = fcntl(pipe.reader, F_SETFL, fcntl(pipe.reader, F_GETFL) | O_NONBLOCK)
    let command = try Command(
      ["replay", "-", "--to", "file:-", "--engine", engine], input: pipe.reader)
    let bytes = try capture("dns.pcap")
    for start in stride(from: 0, to: bytes.count, by: 5_001) {
      usleep(20_000)
      try pipe.write(bytes[start..<min(start + 5_001, bytes.count)])
    }
    usleep(20_000)
    try pipe.end()
    let result = try command.finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(result.output == bytes)
  }

  @Test func aNamedPipeGoesIntoAFileWhole() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let script = #""$1" replay <(cat Captures/udp_nsec.pcap) --to "file:$2" --json"#
    let result = try Command(
      ["-c", script, "bash", "\(Command.products.path)/mbuma", out], program: "/bin/bash"
    ).finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try result.json()["packets_sent"] as? Int == 15)
    // Nanoseconds stay, although nothing but the one look at the pipe says so.
    #expect(try folder.read("out.pcap") == capture("udp_nsec.pcap"))
  }

  @Test func loopRepeatsLimitAndCStop() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let looped = try Command.run(
      "replay", "Captures/ntp.pcap", "--loop", "3", "--to", "file:\(out)", "--verify", "--json",
      "--loop-times", "keep")
    let report = try looped.json()
    #expect(looped.status == 0)
    #expect(report["loops"] as? Int == 3)
    #expect(report["packets_sent"] as? Int == 78)
    #expect((report["verify"] as? [String: Any])?["packets"] as? Int == 78)
    let one = try capture("ntp.pcap")
    #expect(try folder.read("out.pcap") == one + one.dropFirst(24) + one.dropFirst(24))

    for flag in ["--limit", "-c"] {
      let limited = try Command.run(
        "replay", "Captures/ntp.pcap", "--loop", "3", flag, "30", "--to", "file:\(out)",
        "--verify", "--json")
      let report = try limited.json()
      #expect(limited.status == 0)
      #expect(report["packets_sent"] as? Int == 30)
      #expect(report["packets_read"] as? Int == 30)
      #expect(report["loops"] as? Int == 2)
      #expect((report["verify"] as? [String: Any])?["identical"] as? Bool == true)
    }
  }

  @Test func filterWordsComeLastAloneOrInOne() throws {
    for filter in [["udp", "port", "53"], ["udp port 53"], ["(udp", "port", "53)"]] {
      let report = try Command.run(["replay", "Captures/dns.pcap"] + filter + ["--json"]).json()
      let counts = try #require(report["protocols"] as? [String: Int])
      #expect(report["packets_read"] as? Int == counts["udp"])
      #expect(counts["udp"] ?? 0 > 0)
      #expect(counts["arp"] == 0 && counts["tcp"] == 0)
    }
    // A network has a slash in it, and is no file for that.
    for filter in [["net", "0.0.0.0/0"], ["net 0.0.0.0/0"], ["ip and net 0.0.0.0/0"]] {
      let result = try Command.run(["replay", "Captures/ntp.pcap"] + filter + ["--json"])
      #expect(result.status == 0, "\(result.diagnostics)")
    }
    let missing = try Command.run("replay", "Captures/ntp.pcap", "Captures/nowhere.pcap", "--json")
    #expect(missing.status == 1)
    #expect(try missing.json()["packets_sent"] as? Int == 26)
  }

  @Test func severalInputsGoInOrderIntoOneFile() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let names = ["ntp.pcap", "dns.pcap", "cut_record.pcap", "vlan.pcap"]
    let result = try Command.run(
      ["replay"] + names.map { "Captures/\($0)" }
        + ["--to", "file:\(out)", "--verify", "--json"])
    // One of them is cut: the others are replayed all the same.
    #expect(result.status == 3)
    let report = try result.json()
    let inputs = try #require(report["inputs"] as? [[String: Any]])
    #expect(inputs.map { $0["packets"] as? Int } == [26, 86, 25, 42])
    #expect(inputs.map { $0["end"] as? String } == ["clean", "clean", "cut", "clean"])
    #expect(report["packets_sent"] as? Int == 179)
    #expect((report["verify"] as? [String: Any])?["identical"] as? Bool == true)
  }

  @Test func nanosecondsOfALaterInputAreKept() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let result = try Command.run(
      "replay", "Captures/ntp.pcap", "Captures/udp_nsec.pcap", "--to", "file:\(out)", "--verify",
      "--json")
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try result.json()["packets_sent"] as? Int == 41)
  }

  @Test func anInputThatCannotBeReadLeavesTheOutputOfAnotherDayAlone() throws {
    let folder = try TemporaryFolder()
    let old = Data("of another day".utf8)
    for arguments in [["Captures/empty.pcap"], ["nowhere.pcap"], ["Captures/dns.pcap", "no ("]] {
      let out = try folder.write(old, "out.pcap")
      let result = try Command.run(["replay"] + arguments + ["--to", "file:\(out)", "--verify"])
      #expect([1, 3, 64].contains(result.status))
      #expect(try folder.read("out.pcap") == old)
    }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsALongReplayWithItsReportAndAWholeFile(_ signal: Int32) throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let command = try Command([
      "replay", "Captures/dns.pcap", "--loop", "1000000", "--to", "file:\(out)", "--verify",
      "--json",
    ])
    try command.wait { folder.byteCount("out.pcap") > 24 }
    command.signal(signal)
    let result = try command.finish()
    let report = try result.json()
    #expect(result.status == 0)
    let sent = try #require(report["packets_sent"] as? Int)
    #expect(result.diagnostics == "mbuma: interrupted after \(sent) packets\n")
    #expect(report["interrupted"] as? Bool == true)
    #expect(report["packets_sent"] as? Int == report["packets_read"] as? Int)
    #expect((report["verify"] as? [String: Any])?["identical"] as? Bool == true)
    let again = try Command.run("replay", out, "--json")
    #expect(again.status == 0)
    #expect(try again.json()["packets_read"] as? Int == report["packets_sent"] as? Int)
  }

  @Test func aHangupThatWasIgnoredStaysSoAsNohupWantsIt() throws {
    let pipe = TestPipe()
    let script = #"trap '' HUP; exec "$@""#
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let command = try Command(
      [
        "-c", script, "bash", "\(Command.products.path)/mbuma", "replay", "-", "--to",
        "file:\(out)",
      ],
      program: "/bin/bash", input: pipe.reader)
    let bytes = try capture("ntp.pcap")
    try pipe.write(bytes.prefix(1_000))
    try command.wait { folder.byteCount("out.pcap") >= 24 }
    command.signal(SIGHUP)
    usleep(50_000)
    try pipe.write(bytes.dropFirst(1_000))
    try pipe.end()
    let result = try command.finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try folder.read("out.pcap") == bytes)
  }

  @Test func aSignalEndsAReplayThatWaitsForItsInput() throws {
    let pipe = TestPipe()
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let command = try Command(
      ["replay", "-", "--to", "file:\(out)"], input: pipe.reader)
    try pipe.write(capture("ntp.pcap"))
    try command.wait { folder.byteCount("out.pcap") >= 24 }
    usleep(200_000)
    command.signal(SIGTERM)
    let result = try command.finish()
    try pipe.end()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(result.text.contains("26 packets, 2244 bytes, end not reached"))
    #expect(result.text.contains("interrupted "))
    #expect(try folder.read("out.pcap") == capture("ntp.pcap"))
  }

  @Test(arguments: [(SIGINT, SIGTERM), (SIGTERM, SIGINT), (SIGINT, SIGHUP)])
  func aSecondSignalOfEitherKindEndsItAtOnce(_ first: Int32, _ second: Int32) throws {
    // The report of the first goes to a pipe that is full, where it waits forever.
    let pipe = Pipe()
    let (reader, writer) = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
    let flags = fcntl(writer.fileDescriptor, F_GETFL)
    _ = fcntl(writer.fileDescriptor, F_SETFL, flags | O_NONBLOCK)
    let block = [UInt8](repeating: 0, count: 4_096)
    while unsafe write(writer.fileDescriptor, block, block.count) > 0 {}
    let input = TestPipe()
    // Under /dev/fd the pipe is opened anew, and so blocks.
    let command = try Command(
      ["replay", "-"], input: input.reader, output: "/dev/fd/\(writer.fileDescriptor)")
    try input.write(try capture("ntp.pcap"))
    // What it has read, it read after it had said what the signals do.
    try command.wait { !input.hasBytes }
    usleep(300_000)
    command.signal(first)
    usleep(300_000)
    command.signal(second)
    let result = try command.finish()
    #expect(result.status == 128 + second)
    try input.end()
    try reader.close()
  }

  @Test func aPipeThatDoesNotBlockIsWaitedFor() throws {
    let folder = try TemporaryFolder()
    let script = """
      import os, subprocess, sys, time
      reader, writer = os.pipe()
      os.set_blocking(writer, False)
      run = subprocess.Popen(sys.argv[2:], stdout=writer, stderr=subprocess.DEVNULL)
      os.close(writer)
      time.sleep(0.3)
      with open(sys.argv[1], "wb") as out, os.fdopen(reader, "rb") as data:
          out.write(data.read())
      sys.exit(run.wait())
      """
    guard Command.isThere("/usr/bin/python3") else {
      print("skipped: no python3 to make such a pipe with")
      return
    }
    let result = try Command(
      [
        "-c", script, folder.file("out.pcap"), "\(Command.products.path)/mbuma", "replay",
        "Captures/dns.pcap", "--loop", "100", "--to", "file:-",
      ], program: "/usr/bin/python3"
    ).finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(folder.byteCount("out.pcap") == 24 + 100 * (86 * 16 + 20_324))
  }

  @Test func progressIsNotShownWhereNobodyWatches() throws {
    let folder = try TemporaryFolder()
    var capture = CaptureBytes()
    capture.addFrames(20_000, byteCount: 60)
    let path = try folder.write(capture.data, "many.pcap")
    let result = try Command.run("replay", path, "--loop", "20")
    #expect(result.status == 0)
    #expect(result.diagnostics == "")
    #expect(!result.text.contains("\u{1b}"))
  }
}
