// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// `mbuma dump`: its lines beside tcpdump's, what it chooses and writes, and how it ends.
@Suite struct DumpCommandTests {
  private static func lines(_ arguments: String...) throws -> [String] {
    try Command.run(["dump"] + arguments).text.split(separator: "\n").map(String.init)
  }

  // MARK: - Beside tcpdump

  private static let tcpdump = "/usr/bin/tcpdump"

  /// Where the two differ, and why.
  private static let others: [String: String] = [
    "empty.pcap": "neither reads it",
    "ntp.pcap.gz": "tcpdump reads no compressed file",
    "odd.pcap": "tcpdump shows no frame of an odd length and no time that is not one",
    "mixed_links.pcapng": "tcpdump reads no file with several link types",
    "ntp_be.pcapng": "tcpdump shows no time before 1970",
  ]

  @Test(arguments: Command.captures.filter { others[$0] == nil })
  func theLinesAreThoseOfTcpdump(_ name: String) throws {
    guard Command.isThere(Self.tcpdump) else {
      return print("skipped: there is no \(Self.tcpdump)")
    }
    let nano = ["udp_nsec.pcap", "nsec_snap.pcapng", "ntp_nsec_be.pcap"].contains(name)
    func theirs(_ options: String...) throws -> [String] {
      let precision = nano ? ["--time-stamp-precision=nano"] : []
      let arguments = ["-n", "-S", "-r", "Captures/\(name)"] + options + precision
      let result = try Command(arguments, program: Self.tcpdump).finish()
      return result.text.split(separator: "\n").map { Self.withoutExtensions(String($0)) }
    }
    let ours = try Self.lines("Captures/\(name)").map(Self.comparable)
    // With -q it does not look into what UDP carries, without it it shows TCP's fields, and may go on.
    let (full, quiet) = (try theirs(), try theirs("-q"))
    #expect(ours.count == full.count && ours.count == quiet.count)
    for (index, line) in ours.enumerated() where index < min(full.count, quiet.count) {
      let isSame =
        line == quiet[index] || line == full[index] || full[index].hasPrefix(line + " ")
      #expect(isSame, "\(line) beside \(quiet[index]) and \(full[index])")
    }
  }

  /// A line of tcpdump, with ports of IPv6 beside their addresses though a header stands between, its
  /// place in its datagram last, and no names of headers or of interfaces, which are those of the host
  /// that reads.
  private static func withoutExtensions(_ line: String) -> String {
    let line = line.replacing(/: (?:HBH |DSTOPT )+/, with: ": ")
      .replacing(/^(\S+) \S+ +(?:In|Out|B|M|P) +IP/, with: { "\($0.1) IP" })
      // What it says of protocols that neither looks into.
      .replacing(/:  (ip-proto-\d+) (\d+)$/, with: { ": \($0.1), length \($0.2)" })
      .replacing(/( protocol \d+) port \d+/, with: { $0.1 })
    let pattern = /^(.*) > (\S+): (?:frag (\(\d+\|\d+\)))?(?: ?(\d+) > (\d+): (.*))?$/
    guard let match = line.firstMatch(of: pattern), match.3 != nil || match.4 != nil else {
      return line
    }
    let place = match.3.map { " \($0)" } ?? ""
    guard let source = match.4, let destination = match.5, let rest = match.6 else {
      return "\(match.1) > \(match.2):\(place)"
    }
    return "\(match.1).\(source) > \(match.2).\(destination): \(rest)\(place)"
  }

  /// A line of `dump` with no more than tcpdump shows: no faults, and of fragments that are not the first
  /// the addresses alone.
  private static func comparable(_ line: String) -> String {
    let line = line.replacing(/(?: \[(?:cut|bad \w+ cksum|\w+:)[^\]]*\])+$/, with: "")
      .replacing(/^(\S+) ifindex \d+ (?:In|Out|B|M|P) +IP/, with: { "\($0.1) IP" })
    guard let match = line.firstMatch(of: /^(.*) \(frag (\d+:)?(\d+)@(\d+)\+?\)$/) else {
      return line
    }
    let isIPv6 = match.2 == nil
    let place = isIPv6 ? " (\(match.4)|\(match.3))" : ""
    if match.4 == "0" { return "\(match.1)\(place)" }
    let ends = match.1.replacing(/: \w+, length \d+$/, with: "")
    return "\(ends):" + (isIPv6 ? place : " ip-proto-17")
  }

  @Test(arguments: ["-e", "-x", "-X", "-xx", "-XX", "-tt", "-ttt", "-tttt", "-ttttt", "-t"])
  func eachLetterShowsWhatItShowsInTcpdump(_ letter: String) throws {
    guard Command.isThere(Self.tcpdump) else {
      return print("skipped: there is no \(Self.tcpdump)")
    }
    // Frames of ARP, ICMP and TCP, whose lines are equal.
    for (name, filter) in [("tcp_http.pcap", "arp or icmp or tcp"), ("vlan.pcap", "vlan and icmp")]
    {
      let theirs = try Command(
        ["-n", "-S", letter, "-r", "Captures/\(name)", filter], program: Self.tcpdump
      ).finish().text
      #expect(try Command.run("dump", "-n", letter, "Captures/\(name)", filter).text == theirs)
      #expect(theirs.count > 100)
    }
  }

  // MARK: - Choices

  @Test func aFilterLeavesNumbersAsTheyAreInTheFile() throws {
    let all = try Self.lines("-#", "Captures/dns.pcap")
    let some = try Self.lines("-#", "Captures/dns.pcap", "tcp", "port", "53")
    #expect(all.count == 86)
    #expect(some.count == 24)
    #expect(Set(some).isSubset(of: all))
    #expect(try Self.lines("-#", "--filter", "tcp port 53", "Captures/dns.pcap") == some)
    #expect(try Self.lines("-#", "-r", "Captures/dns.pcap", "tcp port 53") == some)
    #expect(try Self.lines("-#nnr", "Captures/dns.pcap", "tcp port 53") == some)
    #expect(try Self.lines("-#", "Captures/dns.pcap", "--", "tcp", "port", "53") == some)
    #expect(
      try Self.lines("-#", "-c", "3", "Captures/dns.pcap", "tcp port 53") == Array(some.prefix(3)))
    #expect(
      try Self.lines("-#", "-c3", "Captures/dns.pcap", "tcp port 53") == Array(some.prefix(3)))
  }

  @Test func whatIsWrongIsPickedAndIsWhatInfoNames() throws {
    for (name, fault, numbers) in [
      ("tcp_http.pcap", "bad-checksum", [34, 35]), ("udp_snap64.pcap", "cut", [3, 4, 5, 6]),
      ("odd.pcap", "undecodable", [3]), ("odd.pcap", "bad-checksum,undecodable,cut", [3, 5]),
    ] {
      let result = try Command.run("dump", "Captures/\(name)", "--where", fault, "--ndjson")
      let found = try result.text.split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return object?["number"] as? Int
      }
      #expect(found == numbers, "\(name) \(fault)")
    }
    let line = try #require(
      try Self.lines("Captures/tcp_http.pcap", "--where", "bad-checksum").first)
    #expect(line.hasSuffix(" [bad udp cksum]"))
    #expect(
      try Self.lines("Captures/udp_snap64.pcap", "--where", "cut").allSatisfy {
        $0.contains(" [cut: 64 of ")
      })
  }

  @Test func onlyThePacketsChosenAreWritten() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcap")
    let result = try Command.run("dump", "Captures/udp_snap64.pcap", "--where", "cut", "-w", out)
    #expect((result.status, result.text, result.diagnostics) == (0, "", ""))
    let wanted = try Self.lines("Captures/udp_snap64.pcap", "--where", "cut", "-X", "-tttt")
    #expect(try Self.lines(out, "-X", "-tttt") == wanted)
    // All of them, with nanoseconds, through pipes on both sides.
    let pipe = TestPipe()
    let command = try Command(["dump", "-", "-w", "-"], input: pipe.reader)
    let bytes = try readFile("\(Command.root.path)/Captures/udp_nsec.pcap")
    try pipe.write(bytes)
    try pipe.end()
    #expect(try command.finish().output == bytes)
  }

  @Test func everyPacketOfJSONHasTheSameMembers() throws {
    let keys: Set = [
      "number", "time_ns", "link_type", "captured_bytes", "wire_bytes", "vlan", "ethertype",
      "network", "source", "destination", "protocol", "ip_bytes", "fragment", "transport",
      "source_port", "destination_port", "transport_bytes", "payload_bytes", "checksums", "faults",
      "stop", "tunnel", "inner",
    ]
    for name in Command.captures {
      let text = try Command.run("dump", "Captures/\(name)", "--ndjson").text
      for (index, line) in text.split(separator: "\n").enumerated() {
        let object = try #require(
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(Set(object.keys) == keys)
        #expect(object["number"] as? Int == index + 1)
      }
    }
  }

  // MARK: - Ends

  @Test func aReaderThatHadEnoughEndsItQuietly() throws {
    let folder = try TemporaryFolder()
    var capture = CaptureBytes()
    capture.addFrames(20_000, byteCount: 60)
    let path = try folder.write(capture.data, "long.pcap")
    let script = "\(Command.products.path)/mbuma dump \(path) | head -n 2; echo ${PIPESTATUS[0]}"
    let result = try Command(["-c", script], program: "/bin/bash").finish()
    let lines = result.text.split(separator: "\n")
    #expect(lines.count == 3 && lines.last == "0")
    #expect(result.diagnostics == "")
  }

  @Test func aReaderThatHadEnoughOfACaptureEndsItQuietly() throws {
    let folder = try TemporaryFolder()
    var capture = CaptureBytes()
    capture.addFrames(20_000, byteCount: 60)
    let path = try folder.write(capture.data, "long.pcap")
    for reader in ["head -c 100 >/dev/null", "true"] {
      let dump = "\(Command.products.path)/mbuma dump \(path) -w -"
      let script = "{ sleep 0.1; \(dump); echo $? >&2; } | \(reader)"
      let result = try Command(["-c", script], program: "/bin/bash").finish()
      #expect(result.diagnostics == "0\n", "\(reader)")
    }
  }

  @Test func framesOfALinkTypeThatAFilterIsNotForDoNotMatch() throws {
    // Two frames of Ethernet and one of IP alone.
    let name = "Captures/mixed_links.pcapng"
    let result = try Command.run("dump", "-t", "-#", name, "ether", "broadcast")
    #expect(result.status == 0)
    #expect(result.text == "    1  ARP, Request who-has 10.99.1.1 tell 10.99.1.2, length 28\n")
    #expect(result.diagnostics.split(separator: "\n").count == 1)
    #expect(result.diagnostics.hasPrefix("mbuma: \(name), packet 3, byte 220: cannot compile"))
    #expect(result.diagnostics.hasSuffix("packets of it do not match\n"))
    let none = try Command.run("dump", name, "ether src 02:00:00:00:00:09")
    #expect(none.status == 4)
    // What means nothing for any of them is a mistake.
    #expect(try Command.run("dump", name, "--filter", "udp prot 53").status == 64)
  }

  @Test func whatCannotBeWrittenEndsWith1() throws {
    guard Command.isThere("/dev/full") else { return print("skipped: there is no /dev/full") }
    let result = try Command.run("dump", "Captures/dns.pcap", output: "/dev/full")
    #expect(result.status == 1)
    expectThreeParts(result.diagnostics, about: "standard output")
    let copy = try Command.run("dump", "Captures/dns.pcap", "-w", "/dev/full")
    #expect(copy.status == 1)
    expectThreeParts(copy.diagnostics, about: "/dev/full")
  }

  @Test func aFileThatIsCutIsShownAsFarAsItGoes() throws {
    let result = try Command.run("dump", "Captures/cut_record.pcap")
    #expect(result.status == 3)
    #expect(result.text.split(separator: "\n").count == 25)
    expectThreeParts(result.diagnostics, about: "Captures/cut_record.pcap, packet 26, byte 2626")
    #expect(try Command.run("dump", "Captures/cut_record.pcap", "-c", "25").status == 0)
    #expect(try Command.run("dump", "nowhere.pcap").status == 1)
    #expect(try Command.run("dump", "Captures/empty.pcap").status == 3)
  }

  @Test func nothingShownEndsWith4AndSaysWhy() throws {
    for (arguments, why) in [
      (["Captures/header_only.pcap"], "the input holds none"),
      (["Captures/dns.pcap", "icmp"], "none matched the filter icmp"),
      (["Captures/dns.pcap", "--where", "cut"], "none has a fault that --where names"),
    ] {
      let result = try Command.run(["dump"] + arguments)
      #expect(result.status == 4)
      #expect(result.diagnostics == "mbuma: no packet: \(why)\n")
      #expect(result.text == "")
    }
  }

  @Test func whatComesThroughAPipeIsShownBeforeMoreIsWaitedFor() throws {
    let pipe = TestPipe()
    let folder = try TemporaryFolder()
    let out = folder.file("lines")
    let command = try Command(["dump", "-"], input: pipe.reader, output: out)
    var capture = CaptureBytes()
    capture.addFrames(2, byteCount: 60)
    try pipe.write(capture.data)
    try command.wait { folder.byteCount("lines") > 0 }
    #expect(try folder.read("lines").filter { $0 == UInt8(ascii: "\n") }.count == 2)
    command.signal(SIGINT)
    #expect(try command.finish().status == 0)
  }

  @Test func whatCannotBeAskedForIsRefused() throws {
    for arguments in [
      [], ["Captures/dns.pcap", "Captures/vlan.pcap"], ["link:lo"],
      ["a.pcap", "--ndjson", "-w", "b.pcap"], ["a.pcap", "-c", "0"], ["a.pcap", "-tttttt"],
      ["a.pcap", "--where", "late"], ["a.pcap", "--filter", "udp", "--", "tcp"],
      ["Captures/dns.pcap", "udp prot 53"], ["Captures/dns.pcap", "-w", "Captures/dns.pcap"],
    ] {
      let result = try Command.run(["dump"] + arguments)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.text == "")
    }
    #expect(try readFile("\(Command.root.path)/Captures/dns.pcap").count > 20_000)
  }
}
