// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// Outputs that are inputs, under every name, and what the command itself writes.
///
/// A shell makes the streams; `$1` is the command, and the folder is where `a.pcap` and `b.pcap`
/// are.
@Suite struct StandardStreamsTests {
  let folder: TemporaryFolder
  let a: Data
  let b: Data

  init() throws {
    folder = try TemporaryFolder()
    a = try readFile(Command.root.appendingPathComponent("Captures/dns.pcap").path)
    b = try readFile(Command.root.appendingPathComponent("Captures/ntp.pcap").path)
    _ = try folder.write(a, "a.pcap")
    _ = try folder.write(b, "b.pcap")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("soft.pcap"), withDestinationPath: folder.file("b.pcap"))
    try FileManager.default.linkItem(
      atPath: folder.file("b.pcap"), toPath: folder.file("hard.pcap"))
    try FileManager.default.createDirectory(
      atPath: folder.file("tcp"), withIntermediateDirectories: false)
  }

  private func shell(_ script: String) throws -> Command.Result {
    try Command(
      ["-c", "cd \"$2\"; \(script)", "bash", "\(Command.products.path)/mbuma", folder.path],
      program: "/bin/bash"
    ).finish()
  }

  @Test(arguments: [
    "$1 replay b.pcap --to file:b.pcap",
    "$1 replay - --to file:b.pcap < b.pcap",
    "$1 replay a.pcap - --to file:b.pcap < b.pcap",
    "$1 replay a.pcap - --to file:soft.pcap < b.pcap",
    "$1 replay a.pcap - --to file:hard.pcap < b.pcap",
    "$1 replay soft.pcap --to file:hard.pcap",
    "$1 replay hard.pcap --to file:/proc/self/fd/7 7<> b.pcap",
    "$1 replay /dev/fd/7 --to file:b.pcap 7< b.pcap",
    "$1 replay /dev/stdin --to file:b.pcap < b.pcap",
    "$1 replay b.pcap --to file:/dev/stdin < b.pcap",
    "$1 replay b.pcap --to file:- >> b.pcap",
    "$1 replay a.pcap b.pcap --to file:- 1<> b.pcap",
    "$1 replay - --to file:- < b.pcap >> b.pcap",
    "$1 replay b.pcap --to file:/dev/stdout >> b.pcap",
    // The report would go there.
    "$1 replay b.pcap >> b.pcap",
    "$1 replay - --to stack --json < b.pcap >> hard.pcap",
  ])
  func anOutputThatIsAnInputIsRefusedAndTheInputStays(_ script: String) throws {
    let result = try shell(script)
    #expect(result.status == 64, "\(script)")
    #expect(result.text == "")
    #expect(try folder.read("a.pcap") == a)
    #expect(try folder.read("b.pcap") == b, "\(script)")
    expectThreeParts(result)
    #expect(result.diagnostics.contains("input and output are one file"))
  }

  @Test(arguments: [
    "$1 replay a.pcap 2>> a.pcap | grep 'input and standard error are one' >&2; exit ${PIPESTATUS[0]}",
    "$1 replay b.pcap a.pcap --json >/dev/null 2>> a.pcap",
    "$1 replay a.pcap --to file:- > c 2>> a.pcap",
    "cat b.pcap > c; $1 replay a.pcap --to file:- >> c; rc=$?; cmp b.pcap c >&2; exit $rc",
    "(cat b.pcap; $1 replay a.pcap --to file:-) > c; rc=$?; cmp b.pcap c >&2; exit $rc",
  ])
  func whatIsThereAlreadyIsNotSpoiltByWhatIsWrittenBehind(_ script: String) throws {
    let result = try shell(script)
    #expect(result.status == 64, "\(script)")
    #expect(!result.diagnostics.contains("differ"))
    #expect(try folder.read("b.pcap") == b, "\(script)")
    #expect(try folder.read("a.pcap") == a, "\(script)")
  }

  @Test(arguments: [
    "$1 replay a.pcap --to file:/dev/stdout --verify > out.pcap",
    "$1 replay a.pcap --to file:out.pcap > out.pcap",
    "$1 replay a.pcap --to file:out.pcap --json >> out.pcap",
    "$1 replay a.pcap --to file:- > out.pcap 2>&1; rc=$?; cat out.pcap >&2; exit $rc",
    "$1 replay a.pcap --to file:out.pcap 2> out.pcap; rc=$?; cat out.pcap >&2; exit $rc",
  ])
  func anOutputThatTheReportWouldOverwriteIsRefused(_ script: String) throws {
    let result = try shell(script)
    #expect(result.status == 64, "\(script)")
    expectThreeParts(result)
    #expect(result.diagnostics.contains("would overwrite the capture"))
    // Nothing but the message, where it has nowhere else to go.
    #expect(try !folder.read("out.pcap").starts(with: a.prefix(4)))
  }

  @Test func pipesNullDevicesAndOtherFilesStayAllowed() throws {
    let piped = try shell("$1 replay a.pcap --to file:/dev/stdout | cat > out.pcap")
    #expect(piped.status == 0)
    #expect(try folder.read("out.pcap") == a)
    #expect(piped.diagnostics.hasPrefix("a.pcap: "))
    for script in [
      "$1 replay a.pcap --to file:/dev/null > /dev/null 2>&1",
      "mkfifo p; cat p > out.pcap & $1 replay b.pcap --to file:p; wait",
      "cat b.pcap | $1 replay - --to file:- | cat > out.pcap",
      "$1 replay a.pcap --to file:- > out.pcap",
      "$1 replay a.pcap a.pcap --to file:out.pcap",
    ] {
      #expect(try shell(script).status == 0, "\(script)")
    }
    #expect(try shell("$1 replay a.pcap --to file:/dev/stdout --json | cat > /dev/null").text == "")
    #expect(try folder.read("a.pcap") == a)
  }

  @Test func aFolderIsNoCaptureWhereItsNameBeginsAFilter() throws {
    for words in ["tcp", "tcp port 53", "--filter tcp", "-- tcp"] {
      let result = try shell("$1 replay --json a.pcap \(words)")
      #expect(result.status == 0, "\(words): \(result.diagnostics)")
      let report = try result.json()
      let protocols = try #require(report["protocols"] as? [String: Int])
      #expect(report["packets_read"] as? Int == protocols["tcp"])
      #expect(protocols["tcp"] ?? 0 > 0)
    }
    // A file of that name is one; the separator and the option say otherwise.
    _ = try folder.write(b, "udp")
    #expect(try shell("$1 replay a.pcap udp --json").json()["packets_read"] as? Int == 112)
    for words in ["-- udp", "--filter udp"] {
      let report = try shell("$1 replay --json a.pcap \(words)").json()
      #expect(report["packets_read"] as? Int == 58, "\(words)")
    }
    // With nothing before it, the separator ends the options and no more.
    #expect(try shell("$1 replay --json -- a.pcap arp").json()["packets_read"] as? Int == 2)
    // A folder whose name is no filter is an input that cannot be read.
    #expect(try shell("mkdir 'no('; $1 replay a.pcap 'no('").status == 1)
  }

  @Test func namesOfFilesAreBytesFromEndToEnd() throws {
    let script =
      #"cp a.pcap $'caf\xe9.pcap'; $1 replay $'caf\xe9.pcap' --to file:$'o\xff.pcap'; rc=$?"#
    let result = try shell(script + #"; cmp a.pcap $'o\xff.pcap' && exit $rc"#)
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(
      result.output.starts(with: Array("caf".utf8) + [0xe9] + Array(".pcap: pcap, EN10MB".utf8)))
    // Two that look alike are two.
    let alike = try shell(
      #"$1 replay $'caf\xe9.pcap' --to file:$'caf\xef\xbf\xbd.pcap' --verify && ls caf* | wc -l"#)
    #expect(alike.status == 0, "\(alike.diagnostics)")
    #expect(alike.text.hasSuffix("\n2\n"))
    let missing = try shell(#"$1 replay $'no\xe9.pcap'"#)
    #expect(missing.status == 1)
    // What cannot be JSON stands for its byte there.
    let report = try shell(#"$1 replay --json $'caf\xe9.pcap'"#).json()
    let input = try #require((report["inputs"] as? [[String: Any]])?.first)
    #expect(input["file"] as? String == "caf\u{10ffe9}.pcap")
  }

  private func expectThreeParts(_ result: Command.Result) {
    let lines = result.diagnostics.split(separator: "\n")
    #expect(lines.count == 1)
    #expect(lines.allSatisfy { $0.hasPrefix("mbuma: ") && $0.contains("; ") })
  }
}
