// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// What reads captures: this program's reader, or libpcap's.
@Suite struct EngineTests {
  private func words(_ values: [UInt32]) -> [UInt8] {
    values.flatMap { value in unsafe withUnsafeBytes(of: value) { unsafe [UInt8]($0) } }
  }

  /// A pcap of two frames of 60 bytes, of which the header says that they have 20 at most.
  private var longFrames: Data {
    let frame = [UInt8](repeating: 7, count: 60)
    let record = words([1_700_000_000, 5, 60, 60]) + frame
    return Data(words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 20, 1]) + record + record)
  }

  /// A pcapng whose second interface counts nanoseconds, behind the first's frame.
  private var finerInterface: Data {
    let frame = [UInt8](repeating: 7, count: 60)
    func enhanced(_ interface: UInt32, _ ticks: UInt64) -> [UInt8] {
      let (high, low) = (UInt32(ticks >> 32), UInt32(truncatingIfNeeded: ticks))
      return words([6, 92, interface, high, low, 60, 60]) + frame + words([92])
    }
    return Data(
      words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28, 1, 20, 1, 0, 20])
        + enhanced(0, 1_700_000_000_123_456)
        + words([1, 32, 1, 0, 9 | 1 << 16, 9, 0, 32]) + enhanced(1, 1_700_000_000_123_456_789))
  }

  @Test func theSnapshotLengthCutsNothingButByLibpcap() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(longFrames, "in.pcap")
    let out = folder.file("out.pcap")
    let arguments = ["replay", path, "--to", "file:\(out)", "--verify", "--json"]
    let own = try Command.run(arguments)
    #expect(own.status == 0)
    #expect(try own.json()["bytes_sent"] as? Int == 120)
    // Verified by what is in the file, and not by what libpcap saw of it.
    let theirs = try Command.run(arguments + ["--engine", "libpcap"])
    #expect(theirs.status == 5)
    let report = try theirs.json()
    #expect(report["bytes_sent"] as? Int == 40)
    let verify = try #require(report["verify"] as? [String: Any])
    let difference = try #require(verify["first_difference"] as? [String: Any])
    #expect(difference["packet"] as? Int == 1)
    #expect(difference["field"] as? String == "captured_length")
  }

  @Test func bothEnginesReportTheSameOfAPlainCapture() throws {
    for name in ["dns.pcap", "dns.pcapng", "ntp_be.pcap", "cut_record.pcap", "bad_caplen.pcap"] {
      let own = try Command.run("replay", "Captures/\(name)", "udp", "--json")
      let theirs = try Command.run(
        "replay", "Captures/\(name)", "udp", "--json", "--engine", "libpcap")
      #expect(own.status == theirs.status, "\(name)")
      #expect(own.diagnostics == theirs.diagnostics, "\(name)")
      let (first, second) = (try own.json(), try theirs.json())
      for key in ["inputs", "packets_read", "protocols", "checksums"] {
        #expect(first[key] as? NSObject == second[key] as? NSObject, "\(name): \(key)")
      }
    }
  }

  @Test func nanosecondsOfAPcapngAreKeptWhereverTheyBegin() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(finerInterface, "in.pcapng")
    let out = folder.file("out.pcap")
    for inputs in [[path], ["Captures/ntp.pcap", path]] {
      let result = try Command.run(
        ["replay"] + inputs + ["--to", "file:\(out)", "--verify", "--json"])
      #expect(result.status == 0, "\(result.diagnostics)")
      #expect(try (result.json()["verify"] as? [String: Any])?["identical"] as? Bool == true)
      #expect(try folder.read("out.pcap").suffix(72).prefix(4) == Data(words([123_456_789])))
    }
  }

  @Test func nanosecondsThatComeThroughAPipeBehindAnotherInputAreKept() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(finerInterface, "in.pcapng")
    let out = folder.file("out.pcap")
    let input = unsafe open(path, O_RDONLY | O_CLOEXEC)
    defer { close(input) }
    let result = try Command.run(
      "replay", "Captures/ntp.pcap", "-", "--to", "file:\(out)", "--json", input: input)
    #expect(result.status == 0, "\(result.diagnostics)")
    #expect(try folder.read("out.pcap").suffix(72).prefix(4) == Data(words([123_456_789])))
  }
}
