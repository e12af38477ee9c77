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
