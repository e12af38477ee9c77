// SPDX-License-Identifier: BSD-2-Clause

import TestSupport

@testable import Mbufs

/// A recorded sequence over three slots, while it is run.
///
/// Where the original lost a chain that ours keeps, the slot is emptied after the chain was found
/// to be as our contract promises, so that both go on from the same place.
final class SequenceRun {
  private let vector: VectorCase
  private let bench: VectorBench
  private var slots: [TestChain?]
  private(set) var verdicts: Set<Verdict> = []

  init(_ vector: VectorCase, _ bench: VectorBench) throws {
    self.vector = vector
    self.bench = bench
    slots = try (vector.json["in"]?.array ?? []).map { try ChainSpec($0).map(bench.build) ?? nil }
    while slots.count < 3 { slots.append(nil) }
  }

  func run() throws {
    for (number, step) in (vector.json["steps"]?.array ?? []).enumerated() {
      do {
        try self.step(step)
      } catch {
        throw Failure("step \(number + 1), \(step["op"]?.string ?? "?"): \(error)")
      }
    }
    let final = JSON.array(slots.map { $0?.found.json ?? .null })
    if let recorded = vector.content["final"], final != recorded {
      throw Failure("at the end \(final), recorded \(recorded)")
    }
  }

  func end() { slots = [] }

  private func step(_ step: JSON) throws {
    guard let name = step["op"]?.string, let slot = step["on"]?.int, let chain = slots[slot] else {
      throw Failure("on an empty slot")
    }
    let before = chain.model
    let other = step["to"]?.int ?? step["with"]?.int
    var values: [String: JSON] = [:]
    var error: MbufError?
    var isGone = false
    do throws(MbufError) {
      let outcome = try SequenceStep(step, chain, bench.pool).run(
        other.flatMap { slots[$0] }, isGone: &isGone)
      values = outcome.values
      // A join leaves nothing in the other slot, and nothing made is nothing in it.
      if let other { slots[other] = outcome.made }
    } catch let failure {
      error = failure
    }
    try chain.check()
    for slot in slots { try slot?.check() }
    try bench.checkOutside()
    if isGone { slots[slot] = nil }
    try compare(step, name, chain, before, other, values, error)
    // What the original lost is lost here from now on.
    if step["c"]?["a"] == .null { slots[slot] = nil }
    if let other, step["c"]?["b"] == .null { slots[other] = nil }
  }

  private func compare(
    _ step: JSON, _ name: String, _ chain: TestChain, _ before: ChainModel, _ other: Int?,
    _ values: [String: JSON], _ error: MbufError?
  ) throws {
    var found = values
    guard case .object(var recorded)? = step["c"] else { throw Failure("nothing recorded") }
    if let ret = step["ret"] { recorded["ret"] = ret }
    found["a"] = slots.contains { $0 === chain } ? chain.found.json : .null
    if recorded["b"] != nil, let other { found["b"] = slots[other]?.found.json ?? .null }
    let comparison = Comparison(
      operation: name, arguments: step, failing: 0, quirks: [], error: error,
      found: .object(found), recorded: .object(recorded), alternatives: [:],
      byteCount: before.bytes.count, hasHeader: before.hasHeader,
      isRefused: name == "m_adj" && (step["len"]?.int ?? 0).magnitude > UInt(before.bytes.count))
    if let verdict = comparison.verdict {
      verdicts.insert(verdict)
      return
    }
    throw Failure(
      "differs in \(comparison.differing.sorted()), threw \(error.map { "\($0)" } ?? "nothing")"
        + "\n  step     \(step)\n  found    \(comparison.found)\n  recorded \(comparison.recorded)"
        + "\n  before   \(before.json)")
  }
}

/// One step of a sequence.
struct SequenceStep {
  let step: JSON
  let chain: TestChain
  let pool: MbufPool

  struct Outcome {
    var values: [String: JSON] = [:]
    var made: TestChain?
  }

  init(_ step: JSON, _ chain: TestChain, _ pool: MbufPool) {
    self.step = step
    self.chain = chain
    self.pool = pool
  }

  private func int(_ name: String) -> Int { step[name]?.int ?? 0 }
  private var bytes: [UInt8] { BytePattern.bytes(int("len"), seed: int("s")) }

  func run(_ other: TestChain?, isGone: inout Bool) throws(MbufError) -> Outcome {
    switch step["op"]?.string {
    case "M_PREPEND":
      try chain.prepend(bytes)
      try chain.copyIn(bytes, at: 0)
    case "m_prepend+adj":
      try chain.prepend(bytes)
      try chain.copyIn(bytes, at: 0)
      try chain.adjust(int("len"))
    case "m_adj": try chain.adjust(int("len"))
    case "m_append":
      try chain.append(bytes)
      return Outcome(values: ["ret": .int(1)])
    case "m_copyback": try chain.copyIn(bytes, at: int("off"))
    case "m_cat": if let other { try chain.join(other) }
    case "m_pullup":
      if try !chain.pullUp(int("len")) { fatalError("not pulled up: \(step)") }
    case "m_copyup":
      if try !chain.copyUp(int("len"), headroom: int("dstoff")) { fatalError("\(step)") }
    case "m_pulldown":
      let (place, isRight) = try chain.pullDown(int("off")..<int("off") + int("len"))
      if !isRight { fatalError("not pulled down: \(step)") }
      return Outcome(values: ["ret": .int(place)])
    case "m_unshare": if try !chain.unshare() { fatalError("not writable: \(step)") }
    case "m_collapse": _ = try chain.collapse(to: int("max"))
    case "m_defrag": try chain.defragment()
    case "m_split": return Outcome(made: try chain.split(at: int("len")))
    case "m_copym":
      return Outcome(made: try chain.sharedCopy(int("off"), step["len"]?.int))
    case "m_copypacket": return Outcome(made: try chain.sharedCopy(0, nil))
    case "m_dup": return Outcome(made: try chain.duplicate())
    case "m_fixhdr", "m_length":
      return Outcome(values: ["ret": .int(chain.found.bytes.count)])
    case "m_freem": isGone = true
    default: fatalError("no runner for \(step)")
    }
    return Outcome()
  }
}
