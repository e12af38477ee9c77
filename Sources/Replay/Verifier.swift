// SPDX-License-Identifier: BSD-2-Clause
import Pcap
import Wire

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
          if let (offset, field) = Self.firstDifference(wanted, found) {
            return difference(after: equal, offset, field)
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

  private static func firstDifference(
    _ wanted: borrowing CapturedFrame, _ found: borrowing CapturedFrame
  ) -> (offset: Int?, field: String)? {
    if wanted.bytes.byteCount != found.bytes.byteCount { return (nil, "captured_length") }
    if wanted.wireByteCount != found.wireByteCount { return (nil, "wire_length") }
    if !isSameTime(wanted.timestampInNanoseconds, found.timestampInNanoseconds) {
      return (nil, "timestamp")
    }
    return firstDifference(wanted.bytes, found.bytes).map { ($0, "bytes") }
  }

  /// The first place where two runs of as many bytes differ.
  private static func firstDifference(_ a: RawSpan, _ b: RawSpan) -> Int? {
    var offset = 0
    while offset + 8 <= a.byteCount {
      let first = FixedBytes<8>(a, at: offset).uint64(at: 0)
      let second = FixedBytes<8>(b, at: offset).uint64(at: 0)
      // The byte that comes first is the highest.
      if first != second { return offset + (first ^ second).leadingZeroBitCount / 8 }
      offset += 8
    }
    while offset < a.byteCount {
      if FixedBytes<1>(a, at: offset).uint8(at: 0) != FixedBytes<1>(b, at: offset).uint8(at: 0) {
        return offset
      }
      offset += 1
    }
    return nil
  }

  /// Whether two times are the same in a file that counts seconds in 32 bits, of either sign.
  private static func isSameTime(_ a: Int64, _ b: Int64) -> Bool {
    // Cannot wrap into equality by chance: a file's times span 2^32 seconds, under 2^63 ns.
    a == b || (a &- b).magnitude == 0x1_0000_0000 * 1_000_000_000
  }
}
