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

  /// Compares packet by packet up to the first difference.
  func compare(_ output: inout CaptureReader) throws(PcapError) -> ReplayReport.Verification {
    var equal = 0
    for _ in 0..<plan.loopCount {
      for input in plan.inputs where equal < packetCount {
        guard var reader = try? CaptureReader(path: input, filter: plan.filter) else { continue }
        while equal < packetCount, let wanted = reader.nextFrame() {
          guard let found = output.nextFrame() else {
            return difference(after: equal, nil, "count")
          }
          if let found = wanted.difference(from: found, numbered: equal + 1) {
            let offset = found.field == .bytes ? found.offset : nil
            return difference(after: equal, offset, found.field.reportName)
          }
          equal += 1
        }
      }
    }
    if output.nextFrame() != nil || equal < packetCount {
      return difference(after: equal, nil, "count")
    }
    return ReplayReport.Verification(packets: equal, firstDifference: nil)
  }

  private func difference(
    after equal: Int, _ offset: Int?, _ field: String
  ) -> ReplayReport.Verification {
    ReplayReport.Verification(
      packets: equal,
      firstDifference: ReplayReport.Difference(packet: equal + 1, offset: offset, field: field))
  }
}

extension CaptureComparison.Field {
  /// The name that replay reports have for it.
  fileprivate var reportName: String {
    switch self {
    case .linkType: "link_type"
    case .packetCount, .end: "count"
    case .timestamp: "timestamp"
    case .capturedByteCount: "captured_length"
    case .wireByteCount: "wire_length"
    case .bytes: "bytes"
    }
  }
}
