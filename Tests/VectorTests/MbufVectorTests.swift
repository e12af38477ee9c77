// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import Mbufs

/// Recorded calls of the original's routines, each made here.
@Suite struct MbufVectorTests {
  @Test func everyCaseMatchesOrDeviatesOnPurpose() throws {
    try expectKnownVerdicts(Vectors.lines(of: "mbuf.jsonl"))
  }

  /// Calls that ask for bytes beyond the end, or pass over empty mbufs, written down from the
  /// original's source: `m_copydata` and `m_apply` (sys/kern/uipc_mbuf.c).
  @Test func callsBeyondTheEndDeviateOnPurpose() throws {
    let text = try readFile(Vectors.bundled("mbuf-beyond.jsonl"))
    try expectKnownVerdicts(text.split(separator: UInt8(ascii: "\n")).map { Data($0) })
  }

  /// Runs cases, and expects of each the verdict that is written down; of a set whose verdicts are
  /// not, that each has one.
  private func expectKnownVerdicts(_ lines: [Data]) throws {
    let bench = VectorBench()
    var tally = Tally()
    var announced = 0
    var failing = 0
    var known: [String: String]?
    for line in lines {
      let json = try JSONDecoder().decode(JSON.self, from: line)
      if let meta = json["meta"] {
        announced = meta["cases"]?.int ?? 0
        if let set = meta["set"]?.string { known = try Self.knownDeviations(of: set) }
        continue
      }
      let vector = try VectorCase(json)
      if vector.failing != 0 { failing += 1 }
      do {
        let verdicts = try run(vector, bench)
        let kinds = Self.kinds(verdicts)
        if let known, kinds != known[vector.id] ?? "" {
          tally.fail(
            "\(vector.id) \(vector.operation): \(kinds.isEmpty ? "a match" : kinds), not "
              + (known[vector.id] ?? "a match"))
        } else {
          tally.count(verdicts)
        }
      } catch {
        tally.fail("\(vector.id) \(vector.operation): \(error)")
      }
    }
    print(tally.summary)
    print("allocations made to fail in \(failing) cases: nothing leaked, failed operations undone")
    #expect(announced > 0 && tally.cases == announced)
    if let known { #expect(tally.deviating == known.count) }
    for failure in tally.failures.prefix(40) { Issue.record("\(failure)") }
    #expect(tally.failures.isEmpty)
    expectNothingOut(of: bench.pool, bench.pages)
  }

  private static func kinds(_ verdicts: Set<Verdict>) -> String {
    Deviation.allCases.filter { verdicts.contains(.deviation($0)) }.map(\.rawValue)
      .joined(separator: " ")
  }

  /// The cases of a set that deviate, and how; nil if nobody has written them down.
  ///
  /// `Vectors/deviations-SET.txt` has a line for each, its id and the kinds, behind its comments.
  private static func knownDeviations(of set: String) throws -> [String: String]? {
    let path = Vectors.bundled("deviations-\(set).txt")
    // The project's own sets have theirs.
    guard set != "open", set != "beyond" else { return try deviations(path) }
    return FileManager.default.fileExists(atPath: path) ? try deviations(path) : nil
  }

  private static func deviations(_ path: String) throws -> [String: String] {
    let lines = String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n")
      .filter { !$0.hasPrefix("#") }
    return Dictionary(
      uniqueKeysWithValues: lines.map { line in
        let parts = line.split(separator: " ", maxSplits: 1)
        return (String(parts[0]), String(parts[1]))
      })
  }

  /// Runs a case; whatever becomes of it, the bench is clean afterwards.
  private func run(_ vector: VectorCase, _ bench: VectorBench) throws -> Set<Verdict> {
    let result = Result { () throws -> Set<Verdict> in
      switch vector.operation {
      case "seq": return try sequence(vector, bench)
      case "sockbuf":
        try SocketBufferRun(vector, bench).run()
        return [.same]
      default: return try call(vector, bench)
      }
    }
    try bench.endCase()
    return try result.get()
  }

  private func sequence(_ vector: VectorCase, _ bench: VectorBench) throws -> Set<Verdict> {
    let run = try SequenceRun(vector, bench)
    defer { run.end() }
    try run.run()
    return run.verdicts
  }

  private func call(_ vector: VectorCase, _ bench: VectorBench) throws -> Set<Verdict> {
    guard let runner = CallRunners.all[vector.operation] else { throw Failure("no runner") }
    let run = try CallRun(vector, bench)
    defer { run.end() }
    try run.check()
    let byteCount = run.a.model.bytes.count
    let hasHeader = run.a.hasHeader
    try runner(run)
    try run.check()
    let undisturbed = vector.failing > 0 ? try undisturbed(vector, runner, bench) : nil
    let comparison = Comparison(
      operation: vector.operation, arguments: vector.arguments, failing: vector.failing,
      quirks: vector.quirks, error: run.error, found: .object(run.found),
      recorded: vector.content, alternatives: vector.alternatives, byteCount: byteCount,
      hasHeader: hasHeader, attemptCount: run.attemptCount,
      isRefused: run.isRefused, account: run.account, undisturbed: undisturbed)
    guard let verdict = comparison.verdict else {
      throw Failure(
        "differs in \(comparison.differing.sorted()), threw \(run.error.map { "\($0)" } ?? "nothing")"
          + "\n  found    \(comparison.found)\n  recorded \(comparison.recorded)"
          + "\n  case     \(vector.json)")
    }
    return [verdict]
  }

  /// What the call gives when no allocation fails; nil if it fails all the same.
  private func undisturbed(_ vector: VectorCase, _ runner: CallRunner, _ bench: VectorBench) throws
    -> JSON?
  {
    var vector = vector
    vector.failing = 0
    let run = try CallRun(vector, bench)
    defer { run.end() }
    try runner(run)
    try run.check()
    return run.error == nil ? .object(run.found) : nil
  }

  @Test func everyCallSurvivesEachOfItsAllocationsFailing() throws {
    let bench = VectorBench()
    var (calls, errors) = (0, 0)
    for line in try Vectors.lines(of: "mbuf.jsonl") {
      let json = try JSONDecoder().decode(JSON.self, from: line)
      if json["meta"] != nil { continue }
      var vector = try VectorCase(json)
      guard let runner = CallRunners.all[vector.operation] else { continue }
      // All of them, and then each alone until the call asks for fewer.
      var which = -1
      var attempts = 0
      repeat {
        vector.failing = which
        do {
          let run = try CallRun(vector, bench)
          defer { run.end() }
          try runner(run)
          // After an error this says that the chains are unchanged.
          try run.check()
          calls += 1
          if run.error != nil { errors += 1 }
          attempts = run.attemptCount
        } catch {
          Issue.record("\(vector.id) \(vector.operation), failing \(which): \(error)")
        }
        try bench.endCase()
        which = which < 0 ? 1 : which + 1
      } while which <= attempts
    }
    print("\(calls) calls with allocations failing, \(errors) failed and left all as it was")
    expectNothingOut(of: bench.pool, bench.pages)
  }

  @Test func readersFindEveryDeviationWithItsReason() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/Mbufs/Mbufs.docc/Deviations.md").path
    let text = String(decoding: try readFile(path), as: UTF8.self)
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    #expect(rows == Deviation.allCases.map { "| `\($0.rawValue)` | \($0.reason) |" })
  }
}
