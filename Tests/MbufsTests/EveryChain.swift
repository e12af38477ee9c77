// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import UMA

@testable import Mbufs

/// Tries an operation on every small chain layout, once for each case.
///
/// `operation` does the same to the packet and to the model. Then both are compared, the packet is
/// used a little more and freed, and whatever shares its storage must be as it was.
func forEveryChain<Case>(
  of byteCounts: [Int] = [0, 1, 4], upTo most: Int = 4, with cases: (Int) -> [Case],
  _ operation: (ChainBench, inout Packet, inout PacketModel, Case) throws -> Void
) throws {
  let bench = ChainBench()
  for byteCount in byteCounts {
    let original = ChainBench.model(byteCount)
    let cases = cases(byteCount)
    try ChainLayout.forEach(of: byteCount, upTo: most) { layout in
      for one in cases {
        do {
          var model = original
          var packet = try bench.build(layout, model)
          try bench.checkWitnesses()
          try operation(bench, &packet, &model, one)
          try bench.settle(packet, model)
          try bench.endCase()
        } catch {
          throw Failure(description: "\(layout), case \(one): \(error)")
        }
      }
    }
  }
  try bench.end()
}

/// The same for an operation without cases.
func forEveryChain(
  of byteCounts: [Int] = [0, 1, 4], upTo most: Int = 4,
  _ operation: (ChainBench, inout Packet, inout PacketModel) throws -> Void
) throws {
  try forEveryChain(of: byteCounts, upTo: most, with: { _ in [0] }) { bench, packet, model, _ in
    try operation(bench, &packet, &model)
  }
}

/// Tries an operation on every small chain layout with each of its allocations failing in turn,
/// alone and with all later ones.
///
/// When it fails, packet and model must agree as before, and the packet be of use.
func failingEachAllocation<Case>(
  of byteCounts: [Int] = [2], upTo most: Int = 3, with cases: (Int) -> [Case],
  _ operation: (ChainBench, inout Packet, inout PacketModel, Case) throws -> Void
) throws {
  let bench = ChainBench()
  for byteCount in byteCounts {
    let original = ChainBench.model(byteCount)
    let cases = cases(byteCount)
    try ChainLayout.forEach(of: byteCount, upTo: most, everyPlace: false) { layout in
      for one in cases {
        try FailurePlan.forEachAttempt { plan in
          do {
            try failOnce(bench, layout, original, plan) { try operation(bench, &$0, &$1, one) }
          } catch {
            throw Failure(description: "\(layout), case \(one), failing \(plan): \(error)")
          }
        }
      }
    }
  }
  try bench.end()
}

/// The same for an operation without cases.
func failingEachAllocation(
  of byteCounts: [Int] = [2], upTo most: Int = 3,
  _ operation: (ChainBench, inout Packet, inout PacketModel) throws -> Void
) throws {
  try failingEachAllocation(of: byteCounts, upTo: most, with: { _ in [0] }) {
    bench, packet, model, _ in
    try operation(bench, &packet, &model)
  }
}

private func failOnce(
  _ bench: ChainBench, _ layout: ChainLayout, _ original: PacketModel, _ plan: FailurePlan,
  _ operation: (inout Packet, inout PacketModel) throws -> Void
) throws {
  var model = original
  var packet = try bench.build(layout, model)
  let before = bench.pool.statistics()
  let wasWritable = packet.isWritable
  bench.pool.inject(plan)
  do {
    try operation(&packet, &model)
  } catch let error as MbufError {
    guard case .exhausted = error else { throw error }
    model = original
    let after = bench.pool.statistics()
    if packet.isWritable != wasWritable { throw Failure(description: "writable, or not any more") }
    if after.clustersInUse != before.clustersInUse {
      throw Failure(description: "\(after.clustersInUse - before.clustersInUse) clusters leaked")
    }
    if after.mbufsInUse != before.mbufsInUse {
      throw Failure(description: "\(after.mbufsInUse - before.mbufsInUse) mbufs leaked")
    }
  }
  bench.pool.inject(nil)
  try bench.settle(packet, model)
  try bench.endCase()
}
