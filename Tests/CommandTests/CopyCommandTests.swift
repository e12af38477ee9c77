// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

/// Copies of pcapngs that commands make: what stands beside the packets is kept.
@Suite struct CopyCommandTests {
  private func words(_ values: [UInt32]) -> [UInt8] {
    values.flatMap { value in unsafe withUnsafeBytes(of: value) { unsafe [UInt8]($0) } }
  }

  /// A pcapng of frames of 20 bytes, each with a comment, and a block of names in front of the second.
  private func commented(_ frameCount: Int) -> Data {
    var bytes = words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28, 1, 20, 1, 0, 20])
    for number in 0..<frameCount {
      if number == 1 { bytes += words([4, 16, 0, 16]) }
      let comment = words([1 | 4 << 16]) + Array("note".utf8) + words([0])
      bytes +=
        words([6, 64, 0, 0, UInt32(number), 20, 20])
        + [UInt8](repeating: UInt8(number & 0xff), count: 20)
        + comment + words([64])
    }
    return Data(bytes)
  }

  @Test func aReplayIntoAPcapngIsTheInput() throws {
    let folder = try TemporaryFolder()
    let data = commented(5_000)
    let path = try folder.write(data, "in.pcapng")
    for (name, more) in [
      ("a.pcapng", []), ("b", []), ("c.pcapng", ["--threads", "1"]), ("d.pcapng", ["--verify"]),
    ] {
      let out = folder.file(name)
      let run = try Command.run(["replay", path, "--to", "file:\(out)"] + more)
      #expect(run.status == 0, "\(name): \(run.diagnostics)")
      #expect(try Data(contentsOf: URL(filePath: out)) == data, "\(name)")
    }
    let twice = folder.file("twice.pcapng")
    let loops = ["replay", path, "--to", "file:\(twice)", "--loop", "2"]
    #expect(try Command.run(loops + ["--loop-times", "keep"]).status == 0)
    #expect(try Data(contentsOf: URL(filePath: twice)) == data + data)
    // Else times rise, and the copy is still found right.
    #expect(try Command.run(loops + ["--verify"]).status == 0)
    #expect(try Data(contentsOf: URL(filePath: twice)) != data + data)
    let piped = try Command.run("replay", path, "--to", "file:-")
    #expect(piped.status == 0 && piped.output == data)
  }

  /// A pcapng of three frames with comments, whose interface counts as its options say.
  private func ticking(_ options: [UInt32], _ ticks: [UInt32]) -> [[UInt8]] {
    let length = UInt32(20 + 4 * options.count)
    let head =
      words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28])
      + words([1, length, 1, 0] + options + [length])
    return [head]
      + ticks.map { words([6, 48, 0, 0, $0, 4, 4, 7, 1 | 2 << 16, 0x6968, 0, 48]) }
  }

  @Test func theTimesOfLoopsRiseOnEveryClockAndLoseNothing() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("out.pcapng")
    // Powers of ten and of two, one without a word of it, and one with an offset of five seconds.
    let clocks: [[UInt32]] =
      [0, 3, 6, 9, 10, 0x80, 0x80 + 1, 0x80 + 10, 0x80 + 20].map { [9 | 1 << 16, $0, 0] }
      + [[], [9 | 1 << 16, 3, 14 | 8 << 16, 5, 0, 0], [9 | 1 << 16, 0x8a, 14 | 8 << 16, 5, 0, 0]]
    for options in clocks {
      let blocks = ticking(options, [1, 3, 8])
      let path = try folder.write(Data(blocks.joined()), "in.pcapng")
      let run = try Command.run(
        "replay", path, "--to", "file:\(out)", "--loop", "3", "--verify")
      #expect(run.status == 0, "\(options): \(run.diagnostics)")
      let copy = [UInt8](try Data(contentsOf: URL(filePath: out)))
      #expect(copy.count == 3 * blocks.joined().count, "\(options)")
      // But for their times, the blocks are those of the input, once for each loop.
      var place = 0
      var last: UInt64 = 0
      for block in blocks + blocks + blocks {
        guard place + block.count <= copy.count else { break }
        var found = [UInt8](copy[place..<place + block.count])
        place += block.count
        if block.first == 6 {
          let ticks = (12..<20).map { UInt64(found[$0]) }
          let high = ticks[0...3].reversed().reduce(0) { $0 << 8 | $1 }
          let time = high << 32 | ticks[4...7].reversed().reduce(0) { $0 << 8 | $1 }
          #expect(time > last, "\(options)")
          last = time
          found.replaceSubrange(12..<20, with: block[12..<20])
        }
        #expect(found == block, "\(options)")
      }
    }
  }

  /// Packets with and without a time, one behind the other, of an interface that counts microseconds.
  private func halfTimeless() -> Data {
    var bytes = words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28, 1, 20, 1, 0, 20])
    for number in UInt32(1)...3 {
      bytes += words([3, 20, 4, number, 20, 6, 36, 0, 0, number * 5_000_000, 4, 4, number, 36])
    }
    return Data(bytes)
  }

  @Test func packetsWithoutATimeAreNotOf1970() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(halfTimeless(), "in.pcapng")
    let info = try Command.run("info", "--json", path).json()
    let file = try #require((info["files"] as? [[String: Any]])?.first)
    #expect(file["packets"] as? Int == 6 && file["packets_without_time"] as? Int == 3)
    #expect(file["first_time_ns"] as? Int == 5_000_000_000)
    #expect(file["duration_ns"] as? Int == 10_000_000_000)
    #expect(file["strict_time_order"] as? Bool == true)
    let text = try Command.run("info", path).text
    #expect(text.contains("Packets without time:  3\n"))
    // No limit was asked for; a pcapng has no header that says so.
    #expect(text.contains("interfaces: no limit\n") && !text.contains("file hdr"))

    // In two loops, those with a time are shifted by their 10 seconds and a mean gap of 5.
    let out = folder.file("out.pcapng")
    let loops = try Command.run(
      "replay", path, "--to", "file:\(out)", "--loop", "2", "--verify")
    #expect(loops.status == 0, "\(loops.diagnostics)")
    let total = try Command.run("info", "--json", out).json()
    let twice = try #require((total["files"] as? [[String: Any]])?.first)
    #expect(twice["packets_without_time"] as? Int == 6)
    #expect(twice["duration_ns"] as? Int == 25_000_000_000)
    // They wait for nobody, and nobody for them.
    let dry = try Command.run(
      "replay", path, "--dry-run", "-x", "1", "--json"
    ).json()
    #expect(dry["scheduled_ns"] as? Int == 10_000_000_000)
  }

  /// Merged, those without a time follow the packet before them, and the first ones come first.
  @Test func packetsWithoutATimeAreMergedBehindTheOneBefore() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(halfTimeless(), "in.pcapng")
    let out = folder.file("out.pcap")
    let run = try Command.run("replay", path, path, "--merge", "--to", "file:\(out)")
    #expect(run.status == 0, "\(run.diagnostics)")
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: out)))
    // Records of 16 bytes and a frame of 4, whose first says which it is.
    let numbers = stride(from: 24 + 16, to: bytes.count, by: 20).map { bytes[$0] }
    #expect(numbers == [1, 1, 1, 2, 1, 2, 2, 3, 2, 3, 3, 3])
  }

  @Test func anotherLinkHeaderGivesNoTimeToAPacketThatHasNone() throws {
    let folder = try TemporaryFolder()
    let head = words([0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, .max, .max, 28, 1, 20])
    let packet: [UInt8] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    let link = [UInt8](repeating: 2, count: 12) + [8, 0]
    let blocks = words([1, 0, 20, 3, 52, 34]) + link + packet + [0, 0] + words([52])
    let path = try folder.write(Data(head + blocks), "in.pcapng")
    let out = folder.file("out.pcapng")
    let run = try Command.run("replay", path, "--to", "file:\(out)", "--dlt", "raw")
    #expect(run.status == 0, "\(run.diagnostics)")
    let found = [UInt8](try Data(contentsOf: URL(filePath: out)))
    #expect(found == head + words([101, 0, 20, 3, 36, 20]) + packet + words([36]))
  }

  @Test func aRefusedPcapLeavesTheOldFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(commented(3), "in.pcapng")
    let old = Data("not to be lost".utf8)
    let out = try folder.write(old, "out.pcap")
    for command in [["replay", path, "--to", "file:\(out)"], ["dump", path, "-w", out]] {
      #expect(try Command.run(command).status == 1)
      #expect(try Data(contentsOf: URL(filePath: out)) == old, "\(command[0])")
    }
    #expect(try Command.run("replay", path, "--to", "file:\(out)", "--lossy").status == 0)
    #expect(try Data(contentsOf: URL(filePath: out)).count == 24 + 3 * 36)
  }

  @Test func aPcapGetsThePacketsAloneWhereThatIsAskedFor() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(commented(3), "in.pcapng")
    let out = folder.file("out.pcap")
    let refused = try Command.run("replay", path, "--to", "file:\(out)")
    #expect(refused.status == 1)
    #expect(refused.diagnostics.contains("it has no place for options of a packet"))
    #expect(refused.diagnostics.contains("--lossy"))
    let lossy = try Command.run("replay", path, "--to", "file:\(out)", "--lossy", "--verify")
    #expect(lossy.status == 0, "\(lossy.diagnostics)")
    #expect(try Data(contentsOf: URL(filePath: out)).count == 24 + 3 * 36)
  }

  @Test func mergedCapturesSayWhatIsLost() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(commented(3), "in.pcapng")
    let out = folder.file("out.pcapng")
    let arguments = ["replay", path, path, "--merge", "--to", "file:\(out)"]
    let refused = try Command.run(arguments)
    #expect(refused.status == 64 && refused.diagnostics.contains("--lossy"))
    #expect(refused.diagnostics.contains("has options of a packet"))
    // Where nothing is lost, nothing is asked for.
    let plain = try folder.write(halfTimeless(), "plain.pcapng")
    let merged = try Command.run(
      "replay", plain, plain, "--merge", "--to", "file:\(out)", "--json")
    #expect(try merged.status == 0 && merged.json()["packets_sent"] as? Int == 12)
    let run = try Command.run(arguments + ["--lossy", "--json"])
    #expect(try run.status == 0 && run.json()["packets_sent"] as? Int == 6)
    #expect(try Command.run("replay", path, path, "--merge", "--preload").status == 64)
  }

  @Test func moreCapturesAreMergedThanMayBeOpen() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(commented(2), "in.pcapng")
    let files = (0..<300).map { folder.file("\($0).pcapng") }
    for file in files {
      try FileManager.default.linkItem(atPath: path, toPath: file)
    }
    let mbuma = Command.products.appendingPathComponent("mbuma").path
    let limited = [
      "-c", "ulimit -S -n 100; exec \"$@\"", "sh", mbuma, "replay", "--merge", "--json",
    ]
    let shell = try Command(limited + files, program: "/bin/sh").finish()
    #expect(shell.status == 0, "\(shell.diagnostics)")
    #expect(try shell.json()["packets_sent"] as? Int == 600)
  }

  @Test func dumpWritesThePacketsThatAreWantedWithTheirComments() throws {
    let folder = try TemporaryFolder()
    let data = commented(4)
    let path = try folder.write(data, "in.pcapng")
    let out = folder.file("out.pcapng")
    #expect(try Command.run("dump", path, "-w", out).status == 0)
    #expect(try Data(contentsOf: URL(filePath: out)) == data)
    // What stands behind the last packet that is wanted is there too.
    let behind = data + Data(words([0x0bad, 16, 7, 16]))
    let longer = try folder.write(behind, "longer.pcapng")
    #expect(try Command.run("dump", longer, "-w", out).status == 0)
    #expect(try Data(contentsOf: URL(filePath: out)) == behind)
    #expect(try Command.run("dump", longer, "-w", out, "greater 100").status == 4)
    #expect(try Command.run("dump", longer, "-w", out, "greater 10").status == 0)
    #expect(try Data(contentsOf: URL(filePath: out)) == behind)
    #expect(try Command.run("dump", path, "-w", out, "-c", "2").status == 0)
    #expect(try Data(contentsOf: URL(filePath: out)) == commented(2))
    let refused = try Command.run("dump", path, "-w", folder.file("out.pcap"))
    #expect(refused.status == 1 && refused.diagnostics.contains("--lossy"))
    #expect(try Command.run("dump", path, "-w", out, "--lossy").status == 0)
    #expect(try Data(contentsOf: URL(filePath: out)).count < data.count)
  }
}
