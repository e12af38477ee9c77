// SPDX-License-Identifier: BSD-2-Clause
//
//     ChainCost list                        the operations, tab-separated: name, shape
//     ChainCost time [REPETITIONS]          R  name  ns of the operation  ns of the loop  heap allocations
//     ChainCost ours|base NAME COUNT        runs one loop and no other, for whoever counts
//
// An operation is measured as the difference of two loops, of which one makes its packets and frees
// them, and the other does the operation in between:
//
//     base   | make | free | make | free | ...
//     ours   | make | operation | free | ...          cost == ours - base
//
// `Benchmarks/Chains/cost` makes the table of both times and instructions.

import CBench
import CMallocCount
import Mbufs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One operation on one shape of packet.
struct Operation: Sendable {
  typealias Loop = @Sendable (MbufPool, Int) throws(MbufError) -> Void

  let name: String
  let shape: String
  let base: Loop
  let ours: Loop
}

@main
struct ChainCost {
  static let operations =
    Operation.ofPackets + Operation.ofHeaders + Operation.ofSocketBuffers

  static func main() {
    let arguments = CommandLine.arguments
    let words = Array(arguments.dropFirst())
    let pool = MbufPool()
    do throws(MbufError) {
      switch words.first {
      case "list": for one in operations { print("\(one.name)\t\(one.shape)") }
      case "time":
        let count = words.count > 1 ? Int(words[1]) ?? 0 : 9
        if count < 1 { stop("\(words[1]) is no number of repetitions") }
        bench_pin(1)
        for one in operations { try time(one, pool, count) }
      case "ours", "base":
        guard words.count == 3, let count = Int(words[2]),
          let one = operations.first(where: { $0.name == words[1] })
        else { stop("\(words.dropFirst()) is no operation and a count") }
        try (words[0] == "ours" ? one.ours : one.base)(pool, count)
      default: stop("list, time [REPETITIONS], or ours|base NAME COUNT")
      }
    } catch { stop(error.description) }
  }

  /// Runs both loops in turn, so that a machine that drifts drifts for both.
  private static func time(_ one: Operation, _ pool: MbufPool, _ repetitionCount: Int)
    throws(MbufError)
  {
    let count = try calibrate(one, pool)
    var costs: [Double] = []
    var wholes: [Double] = []
    var heapCount = 0
    for _ in 0..<repetitionCount {
      let before = mbuma_malloc_count()
      let start = bench_now()
      try one.base(pool, count)
      let middle = bench_now()
      try one.ours(pool, count)
      let end = bench_now()
      heapCount += mbuma_malloc_count() - before
      costs.append(Double((end - middle) - (middle - start)) / Double(count))
      wholes.append(Double(end - middle) / Double(count))
    }
    print("R\t\(one.name)\t\(median(costs))\t\(median(wholes))\t\(heapCount)")
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// How many repetitions take about 20 ms; both loops have run then.
  private static func calibrate(_ one: Operation, _ pool: MbufPool) throws(MbufError) -> Int {
    var count = 1_000
    while true {
      try one.base(pool, count)
      let start = bench_now()
      try one.ours(pool, count)
      let elapsed = bench_now() - start
      if elapsed > 20_000_000 { return count }
      count *= 2
    }
  }
}

/// Ends the program with a reason.
func stop(_ reason: String) -> Never {
  print("ChainCost: \(reason)")
  exit(1)
}
