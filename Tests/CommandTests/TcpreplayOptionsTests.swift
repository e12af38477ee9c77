// SPDX-License-Identifier: BSD-2-Clause
import Testing

@Suite struct TcpreplayOptionsTests {
  private let advised = [
    "--maxsleep", "--loopdelay-ms", "--loopdelay-ns", "-w", "--write", "--include", "--exclude",
    "--cachefile", "-2", "--dualfile", "-1", "--mtu-trunc", "-F", "--fragroute", "-C", "--fixcsum",
    "--fixlen", "-s", "--seed", "-e", "--endpoints", "--pps-multi",
    "-T", "--timer", "--listnics", "-v", "--verbose", "-A", "--decode", "-q", "--quiet", "-W",
    "--suppress-warnings", "--stats", "--no-flow-stats", "--flow-expiry", "--netmap", "--nm-delay",
    "--xdp-batch-size", "--pktlen", "-P", "--pid", "-d",
    "--dbug", "-V", "-H", "--more-help",
  ]

  @Test func whatIsNotHereIsAnsweredInOneLineWithWhatToType() throws {
    for name in advised {
      let result = try Command.run("replay", name, "no-such.pcap")
      #expect(result.status == 64)
      #expect(result.text == "")
      let lines = result.diagnostics.split(separator: "\n")
      #expect(lines.count == 1 && lines[0].hasPrefix("mbuma: \(name): "), "\(name)")
    }
    // A value behind =, and anywhere on the line.
    let late = try Command.run("replay", "no-such.pcap", "--maxsleep=5")
    #expect(late.diagnostics.hasPrefix("mbuma: --maxsleep: type --max-sleep"))
  }

  @Test func noOptionOfOursIsAnsweredSo() throws {
    let help = try Command.run("replay", "--help").text
    let words = help.split { $0.isWhitespace || $0 == "," }
    for name in advised { #expect(!words.contains(Substring(name)), "\(name)") }
    // Behind -- is a filter, whose words are its own.
    let result = try Command.run("replay", "no-such.pcap", "--", "-v")
    #expect(!result.diagnostics.contains("tcpdump -r"))
  }

  @Test(arguments: ["0.05", "50ms"])
  func aDurationEndsAReplay(duration: String) throws {
    let result = try Command.run(
      "replay", "Captures/dns.pcap", "--loop", "1G", "--duration", duration, "--json")
    #expect(result.status == 0)
    #expect(result.diagnostics == "")
    #expect(try Command.run("replay", "Captures/dns.pcap", "--duration", "soon").status == 64)
    #expect(try Command.run("replay", "Captures/dns.pcap", "--duration", "0").status == 64)
  }

  @Test func theLettersOfBothMeanTheSame() throws {
    let result = try Command.run("replay", "Captures/dns.pcap", "-L", "3", "--json")
    #expect(result.status == 0)
    #expect(result.text.contains("\"packets_sent\": 3"))
  }
}
