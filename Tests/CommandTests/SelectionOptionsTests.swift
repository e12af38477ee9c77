// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import mbuma

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `mbuma replay` with a part of a capture, without sending, and with signals.
@Suite struct SelectionOptionsTests {
  private func sent(_ arguments: String...) throws -> Int? {
    let result = try Command.run(["replay", "Captures/dns.pcap", "--json"] + arguments)
    return try result.json()["packets_sent"] as? Int
  }

  @Test func framesAreTakenByNumberAndTimeBeforeTheFilter() throws {
    #expect(try sent("--frames", "7") == 1)
    #expect(try sent("--frames", "3-5") == 3)
    #expect(try sent("--frames", "80-") == 7)
    #expect(try sent("--frames", "-20") == 20)
    // Of the first ten frames, those that are IPv6.
    let all = try sent("--frames", "1-10")
    let rest = try sent("--frames", "1-10", "--filter", "not ip6")
    let six = try sent("--frames", "1-10", "--filter", "ip6")
    #expect(all == 10 && (six ?? 0) > 0 && (six ?? 0) + (rest ?? 0) == 10)
    let whole = try #require(try sent("--start", "0", "--end", "1000s"))
    let first = try #require(try sent("--end", "1s"))
    #expect(whole == 86 && first > 0 && first < 86)
    #expect(try sent("--limit-bytes", "1") == 1)
  }

  @Test(arguments: [
    ("1s", Int64(1_000_000_000), true), ("0", 0, true), ("@0.5", 500_000_000, false),
    ("@1700000000.123456789", 1_700_000_000_123_456_789, false), ("@-1.5", -1_500_000_000, false),
    ("1970-01-01T00:00:01Z", 1_000_000_000, false), ("1969-12-31 23:59", -60_000_000_000, false),
    ("1969-12-31T23:59:00.5Z", -59_500_000_000, false),
    ("2024-02-29T12:34:56.5Z", 1_709_210_096_500_000_000, false),
    ("2024-03-01T00:00:00+01:00", 1_709_247_600_000_000_000, false),
    ("2026-11-29", 1_795_910_400_000_000_000, false),
  ]) func anEndIsATimeOrAMoment(text: String, nanoseconds: Int64, isElapsed: Bool) {
    #expect(SliceEnd(argument: text) == (isElapsed ? .elapsed(nanoseconds) : .moment(nanoseconds)))
  }

  @Test(arguments: [
    "", "@", "@1e3", "@9999999999999", "2026-13-01", "2026-02-29", "2026-04-31", "0001-01-01",
    "2026-11-29T24:00", "1m", "noon",
  ])
  func whatIsNoEndIsRefused(text: String) { #expect(SliceEnd(argument: text) == nil) }

  @Test func momentsAndElapsedTimesAgree() throws {
    let first = try #require(try firstMoment())
    let elapsed = try sent("--start", "1s", "--end", "3s")
    #expect((elapsed ?? 0) > 0)
    #expect(
      try sent(
        "--start", "@\(first.seconds + 1).\(first.digits)", "--end",
        "@\(first.seconds + 3).\(first.digits)") == elapsed)
    #expect(try sent("--start", "@\(first.seconds + 1).\(first.digits)", "--end", "3s") == elapsed)
  }

  /// The time of the first packet, as the file has it.
  private func firstMoment() throws -> (seconds: Int, digits: String)? {
    let bytes = [UInt8](try readFile("Captures/dns.pcap"))
    func word(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
    guard word(0) == 0xa1b2_c3d4 else { return nil }
    let digits = String(word(28))
    return (word(24), String(repeating: "0", count: 6 - digits.count) + digits)
  }

  @Test(arguments: [
    ["--frames", "0"], ["--frames", "5-3"], ["--frames", "a"], ["--start", "2s", "--end", "1s"],
    ["--start", "@2", "--end", "@1.5"], ["--end", "2026-02"],
    ["--dlt", "ppp"], ["--limit-bytes", "0"], ["--dry-run", "--verify", "--to", "file:x"],
    ["--frames", "1", "--verify", "--to", "file:x.pcap"], ["--pps", "1", "--one-at-a-time"],
  ])
  func whatMakesNoSenseIsRefused(arguments: [String]) throws {
    #expect(try Command.run(["replay", "Captures/dns.pcap"] + arguments).status == 64)
  }

  @Test func aDryRunTellsTimeAndWhatWouldNotPass() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("never.pcap")
    let result = try Command.run(
      "replay", "Captures/dns.pcap", "--dry-run", "--to", "file:\(out)", "--paced", "--loop", "3")
    #expect(result.status == 0)
    #expect(result.text.contains("would send  258 packets, 60972 bytes (3 loops), "))
    #expect(!Command.isThere(out))
    let raw = try Command.run("replay", "Captures/dns.pcap", "--dlt", "raw", "--dry-run", "--json")
    let json = try raw.json()
    // A minute has no unit here, and is no thousandth of a second.
    for time in ["1m", "1min", "1x"] {
      #expect(try Command.run("replay", "Captures/dns.pcap", "--duration", time).status == 64)
    }
    #expect(try Command.run("replay", "Captures/dns.pcap", "--dry-run", "--loop=0").status == 64)
    let none = try Command.run("replay", "Captures/dns.pcap", "--frames", "87-")
    #expect(none.status == 4 && none.diagnostics.contains("none is within --frames"))
    // Two of them are ARP.
    #expect(raw.status == 2 && json["packets_sent"] as? Int == 84)
    #expect(json["drops"] as? [String: Int] == ["no_link_header": 2])
    #expect(json["dry_run"] as? Bool == true)
  }

  @Test func whatIsConvertedIsACaptureOfThatKind() throws {
    let folder = try TemporaryFolder()
    let raw = folder.file("raw.pcap")
    #expect(
      try Command.run("replay", "Captures/dns.pcap", "--dlt", "raw", "--to", "file:\(raw)").status
        == 2)
    let read = try Command.run("replay", raw, "--json").json()
    let input = (read["inputs"] as? [[String: Any]])?.first
    #expect(input?["link_type"] as? String == "RAW" && input?["packets"] as? Int == 84)
    // The same headers are found in either.
    let before = try Command.run("replay", "Captures/dns.pcap", "--json").json()
    for key in ["udp", "tcp", "ipv4", "ipv6"] {
      let counts = [before, read].map { ($0["protocols"] as? [String: Int])?[key] }
      #expect(counts[0] == counts[1], "\(key)")
    }
    let frames = folder.file("frames.pcap")
    #expect(try Command.run("replay", raw, "--dlt", "enet", "--to", "file:\(frames)").status == 0)
    let again = try Command.run("replay", frames, "--json").json()
    #expect((again["inputs"] as? [[String: Any]])?.first?["link_type"] as? String == "EN10MB")
    #expect((again["protocols"] as? [String: Int])?["ipv4"] == 62)
  }

  @Test func aSignalHoldsAReplayAndAnotherLetsItGoOn() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let pipe = TestPipe()
    let command = try Command(
      ["replay", "-", "--to", "file:\(out)", "--json"], input: pipe.reader)
    var capture = CaptureBytes()
    capture.addFrames(10, byteCount: 60)
    let first = capture.data
    capture.addFrames(10, byteCount: 60)
    let rest = capture.data.dropFirst(first.count)
    func byteCount() -> Int { (try? folder.read("out.pcap").count) ?? 0 }

    try pipe.write(first)
    try command.wait { byteCount() == first.count }
    command.signal(SIGUSR1)
    try pipe.write(Data(rest))
    usleep(300_000)
    #expect(byteCount() == first.count)
    command.signal(SIGCONT)
    try command.wait { byteCount() == first.count + rest.count }
    try pipe.end()
    let result = try command.finish()
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try result.json()["packets_sent"] as? Int == 20)
  }
}
