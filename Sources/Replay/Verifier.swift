// SPDX-License-Identifier: BSD-2-Clause
import Pcap

/// Reads the inputs again in the order they were replayed and sets the output beside them.
///
/// Nothing is kept but one frame of each side, so files of any length can be compared.
struct Verifier {
  private let plan: ReplayPlan
  private let packetCount: Int

  /// - Parameter packetCount: packets that were sent, where the comparison ends.
  init(_ plan: ReplayPlan, packetCount: Int) {
    self.plan = plan
    self.packetCount = packetCount
  }

  /// Compares link types, frames up to the first difference, and how the output ends.
  func compare(_ output: inout CaptureReader) -> CaptureComparison {
    var comparison = CaptureComparison()
    var hasBegun = false
    for _ in 0..<plan.loopCount where !hasBegun || comparison.packetCount < packetCount {
      for input in plan.inputs where !hasBegun || comparison.packetCount < packetCount {
        guard var reader = try? CaptureReader(path: input, filter: plan.filter) else { continue }
        hasBegun = true
        comparison.compare(&reader, with: &output, upTo: packetCount)
        if !comparison.isIdentical { return comparison }
      }
    }
    comparison.finish(&output, wanted: packetCount)
    return comparison
  }
}
