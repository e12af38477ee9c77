// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@testable import Mbufs

/// Recorded calls of the original's routines, each made here.
@Suite struct MbufVectorTests {
  @Test func everyCaseMatchesOrDeviatesOnPurpose() throws {
    let bench = VectorBench()
    var tally = Tally()
    var announced = 0
    var failing = 0
    for line in try Vectors.lines(of: "mbuf.jsonl") {
      let json = try JSONDecoder().decode(JSON.self, from: line)
      if let meta = json["meta"] {
        announced = meta["cases"]?.int ?? 0
        continue
      }
      let vector = try VectorCase(json)
      if vector.failing != 0 { failing += 1 }
      do {
        tally.count(try run(vector, bench))
      } catch {
        tally.fail("\(vector.id) \(vector.operation): \(error)")
      }
    }
    print(tally.summary)
    print("allocations made to fail in \(failing) cases: nothing leaked, failed operations undone")
    #expect(announced > 0 && tally.cases == announced)
    for failure in tally.failures.prefix(40) { Issue.record("\(failure)") }
    #expect(tally.failures.isEmpty)
    expectNothingOut(of: bench.pool, bench.pages)
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
    let comparison = Comparison(
      operation: vector.operation, arguments: vector.arguments, failing: vector.failing,
      quirks: vector.quirks, error: run.error, found: .object(run.found),
      recorded: vector.content, alternatives: vector.alternatives, byteCount: byteCount,
      hasHeader: hasHeader, attemptCount: run.attemptCount,
      isRefused: run.isRefused)
    guard let verdict = comparison.verdict else {
      throw Failure(
        "differs in \(comparison.differing.sorted()), threw \(run.error.map { "\($0)" } ?? "nothing")"
          + "\n  found    \(comparison.found)\n  recorded \(comparison.recorded)"
          + "\n  case     \(vector.json)")
    }
    return [verdict]
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
