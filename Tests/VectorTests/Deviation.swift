// SPDX-License-Identifier: BSD-2-Clause

@testable import Mbufs

/// The ways in which a result may differ from the original's, each on purpose.
///
/// A kind covers a difference only by what the call was and what differs. That ours is then what
/// our contract says was checked before. `Deviations.md` has the same list for readers.
enum Deviation: String, CaseIterable {
  case keptOnFailure
  case allOrNothing
  case allocationOrder
  case fewerAllocations
  case moreAllocations
  case lengthFollows
  case emptyResult
  case emptyCopyIn
  case writableResult
  case collapsesFurther

  func explains(_ c: Comparison) -> Bool {
    switch self {
    case .keptOnFailure:
      // The original failed as ours did, and freed the chain that ours keeps.
      return c.error != nil && c.differing == ["freed"] && c.recorded["freed"] == .bool(true)
    case .allOrNothing:
      // Both failed for want of memory, the original half-way.
      return ["m_append", "m_copyback"].contains(c.operation) && c.failing != 0
        && c.isExhausted && c.differing.isSubset(of: ["r.len", "r.h", "r.hex", "r.pkt", "ret"])
    case .allocationOrder:
      return c.quirks.contains("alloc_order") && c.failing > 0
    case .fewerAllocations:
      // Every allocation fails: the original needed one, ours none.
      return c.failing == -1 && c.error == nil
        && (c.recorded["r"] == .null || c.recorded["ok"] == .bool(false))
    case .moreAllocations:
      // Every allocation fails: ours needed one, the original none.
      return c.failing == -1 && c.isExhausted && c.recorded["r"] != .null
        && !c.hasHeader
    case .lengthFollows:
      return ["m_cat", "m_prepend"].contains(c.operation) && c.error == nil
        && c.differing == ["r.pkt"]
    case .emptyResult:
      return ["m_copym"].contains(c.operation) && c.error == nil && c.failing == 0
        && c.recorded["r"] == .null && c.found["r"]?["len"] == .int(0)
    case .emptyCopyIn:
      return c.operation == "m_copyback" && c.argument("len") == 0
        && (c.argument("off") ?? 0) > c.byteCount
    case .writableResult:
      return c.quirks.contains("result_not_writable") && c.differing == ["all_writable"]
        && c.found["all_writable"] == .bool(true)
    case .collapsesFurther:
      guard c.operation == "m_collapse", c.error == nil, c.failing == 0 else { return false }
      return c.quirks == ["precondition"] || c.differing == ["ok", "freed"]
    }
  }
}

extension Comparison {
  /// Whether the call failed for want of memory.
  var isExhausted: Bool { if case .exhausted? = error { true } else { false } }
}
