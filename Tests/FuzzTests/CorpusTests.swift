// SPDX-License-Identifier: BSD-2-Clause
import CaptureFuzzDriver
import Foundation
import FuzzDriver
import TestSupport
import Testing

/// Every input that fuzzing has kept, and every finding, run again.
@Suite struct CorpusTests {
  private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fuzz/Corpus")

  private static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
    let folder = corpus.appendingPathComponent(target)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map { name in
      (name, [UInt8](try readFile(folder.appendingPathComponent(name).path)))
    }
  }

  @Test func packets() throws {
    let inputs = try Self.inputs("packets")
    #expect(inputs.count > 100)
    let fuzzer = PacketFuzzer()
    for input in inputs {
      do { try fuzzer.run(input.bytes) } catch { Issue.record("\(input.name): \(error)") }
    }
  }

  @Test func captures() throws {
    let inputs = try Self.inputs("captures")
    #expect(inputs.count > 10)
    let fuzzer = CaptureFuzzer()
    for input in inputs {
      do { _ = try fuzzer.run(input.bytes) } catch { Issue.record("\(input.name): \(error)") }
    }
  }

  @Test func anyBytesAreAProgram() throws {
    var random = SeededRandom()
    let fuzzer = PacketFuzzer()
    for _ in 0..<300 {
      let count = Int.random(in: 0...400, using: &random)
      try fuzzer.run((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
  }
}
