// SPDX-License-Identifier: BSD-2-Clause

@testable import Mbufs

/// The ways in which a call may differ from the original's, each on purpose.
///
/// A kind covers a difference only by what the call was and what differs. That the chains are what
/// our contract promises, and unchanged after an error, was checked before. `Deviations.md` has
/// the same list for readers.
enum Deviation: String, CaseIterable {
  case keptOnFailure
  case allOrNothing
  case preconditionTraps
  case lengthFollows
  case emptyResult
  case emptyCopyIn
  case writableResult
  case pullsMore
  case collapsesFurther
  case largerPieces
  case fewerAllocations
  case moreAllocations
  case allocationOrder
  case thrownBeyondTheEnd
  case noEmptyPieces
  case checkedFirst

  /// Why, with the name of the trap in the original or of the rule here.
  var reason: String {
    switch self {
    case .keptOnFailure:
      "Ownership: a chain that an operation fails on is as it was; there it is freed."
    case .allOrNothing:
      "T17, T21: a failed operation leaves nothing behind; there bytes, a length or no tags."
    case .preconditionTraps:
      "Precondition: what cannot be asked for traps; there it is cut to what there is, or asserts."
    case .lengthFollows:
      "T22: a packet's length is always that of its bytes; there the caller adds it up."
    case .emptyResult:
      "Ownership: no bytes are an empty chain; there they are NULL, as a failure is."
    case .emptyCopyIn:
      "T21: copying in no bytes changes nothing; there it lengthens the chain with zeroes."
    case .writableResult:
      "T11: private copies are writable; there a read-only mark is copied with the header."
    case .pullsMore:
      "T16: bytes in one piece can be pulled up or down, however large the mbuf; there it is lost."
    case .collapsesFurther:
      "Contract: collapsing fails only if the bytes do not fit; there it gives up earlier, or asserts."
    case .largerPieces:
      "Policy: one piece has up to 16,384 bytes; there up to a page."
    case .fewerAllocations:
      "Policy: needs no mbuf, so it succeeds where every allocation fails."
    case .moreAllocations:
      "Policy: needs an mbuf where the original does not: for a header to lend, or a private copy."
    case .allocationOrder:
      "Policy: allocates in another order, so the k-th allocation is another one."
    case .thrownBeyondTheEnd:
      "Error: copying out bytes beyond the end is thrown, with the numbers; there it asserts."
    case .noEmptyPieces:
      "Contract: pieces shown have bytes; there each empty mbuf is a call too, and can be the last."
    case .checkedFirst:
      "Precondition: a range is checked before it is shown; there a callback that stops hides its end."
    }
  }

  func explains(_ c: Comparison) -> Bool {
    switch self {
    case .keptOnFailure:
      guard c.error != nil else { return false }
      // In a sequence the slot is empty then.
      return c.differing == ["freed"] && c.recorded["freed"] == .bool(true)
        || c.differing == ["a"] && c.recorded["a"] == .null
    case .allOrNothing: return c.failing != 0 && c.isExhausted && c.isUndone
    case .preconditionTraps:
      guard c.isRefused else { return false }
      return c.differing.isEmpty || c.recorded["assert"] == .bool(true)
        || c.recorded["r"] == .null
    case .lengthFollows:
      let keys = ["m_cat": "r", "m_prepend": "r", "m_move_pkthdr": "b", "m_dup_pkthdr": "b"]
      guard let key = keys[c.operation], c.error == nil, c.differing == ["\(key).pkt"] else {
        return false
      }
      return c.found[key]?["pkt"] == c.found[key]?["len"]
    case .emptyResult: return c.hasEmptyResult
    case .emptyCopyIn:
      return c.operation == "m_copyback" && c.error == nil && c.argument("len") == 0
        && (c.argument("off") ?? 0) > c.byteCount && c.found["r"]?["len"] == .int(c.byteCount)
    case .writableResult:
      return c.quirks == ["result_not_writable"] && c.differing == ["all_writable"]
        && c.found["all_writable"] == .bool(true)
    case .pullsMore:
      // The range is there, and was found in one piece.
      guard c.error == nil, c.failing == 0, c.recorded["r"] == .null || c.recorded["a"] == .null,
        c.found["contig"] != .bool(false), c.found["region_ok"] != .bool(false)
      else { return false }
      let end = (c.argument("off") ?? 0) + (c.argument("len") ?? 0)
      let limit = MbufLayout.packetDataByteCount - (c.argument("dstoff") ?? 0)
      return end <= c.byteCount
        && (c.operation == "m_pulldown"
          || ["m_pullup", "m_copyup"].contains(c.operation) && end > limit)
    case .collapsesFurther:
      // That there are no more segments than asked for was checked with the call.
      guard c.operation == "m_collapse", c.failing == 0 else { return false }
      if c.quirks == ["precondition"] {
        if case .tooManySegments? = c.error { return c.argument("max") == 1 }
        return c.error == nil && c.argument("max") == 1
      }
      return c.error == nil && c.found["ok"] == .bool(true) && c.differing == ["ok", "freed"]
    case .largerPieces:
      return c.operation == "m_get2" && c.error == nil && (c.argument("size") ?? 0) > 4_096
        && c.recorded["r"] == .null
    case .fewerAllocations:
      return c.failing == -1 && c.error == nil && c.attemptCount == 0
        && (c.recorded["r"] == .null || c.recorded["ok"] == .bool(false)
          || c.operation == "m_append" && c.recorded["ret"] == .int(0)
          || c.operation == "m_copyback" && (c.argument("off") ?? 0) > c.byteCount)
    case .moreAllocations:
      return c.failing == -1 && c.isExhausted && c.recorded["r"] != .null
        && (!c.hasHeader || c.operation == "m_unshare")
    case .allocationOrder:
      // One of the two did what it does when nothing fails, and the other failed.
      guard c.quirks.contains("alloc_order"), c.failing > 0, let undisturbed = c.undisturbed else {
        return false
      }
      return c.error == nil
        ? c.found == undisturbed && c.isFailureThere : c.isExhausted && c.isUndisturbedThere
    case .thrownBeyondTheEnd:
      guard c.operation == "m_copydata", c.recorded == .object(["assert": .bool(true)]),
        let offset = c.argument("off"), let byteCount = c.argument("len")
      else { return false }
      return c.error == .tooShort(wanted: offset + byteCount, available: c.byteCount)
    case .noEmptyPieces:
      return c.operation == "m_apply" && c.error == nil && !c.isRefused && c.recorded == c.account
    case .checkedFirst:
      return c.operation == "m_apply" && c.isRefused && c.recorded == c.account
    }
  }
}

extension Comparison {
  /// Whether the call failed for want of memory.
  var isExhausted: Bool { if case .exhausted? = error { true } else { false } }

  /// Whether the original failed: it gave nothing, said no, or stopped half-way.
  fileprivate var isFailureThere: Bool {
    if recorded["r"] == .null { return true }
    if operation == "m_copyback" {
      return differing.isSubset(of: ["r.len", "r.h", "r.hex", "r.pkt"])
    }
    return recorded["ok"] == .bool(false) || recorded["ret"] == .int(0)
  }

  /// Whether the original did what is done here when nothing fails, or what that differs from on
  /// purpose.
  fileprivate var isUndisturbedThere: Bool {
    guard let undisturbed else { return false }
    return Comparison(
      operation: operation, arguments: arguments, failing: 0, quirks: [], error: nil,
      found: undisturbed, recorded: recorded, alternatives: alternatives, byteCount: byteCount,
      hasHeader: hasHeader
    ).verdict != nil
  }

  /// Whether all that differs is what the original left behind when it failed.
  fileprivate var isUndone: Bool {
    let left: Set<String> =
      switch operation {
      case "m_append", "m_copyback": ["r.len", "r.h", "r.hex", "r.pkt"]
      case "m_split": ["a.pkt"]
      case "m_dup_pkthdr": ["b.pkt", "b.tags"]
      case "m_tag": ["to.tags"]
      default: []
      }
    return differing.isSubset(of: left)
  }

  /// Whether no bytes were asked for, and came as an empty chain instead of none.
  fileprivate var hasEmptyResult: Bool {
    let key = recorded["r"] == nil ? "b" : "r"
    guard error == nil, failing <= 0, recorded[key] == .null, found[key]?["len"] == .int(0),
      differing.isSubset(of: [key, "freed"])
    else { return false }
    switch operation {
    case "m_copym": return argument("len") == 0 || argument("off") == byteCount
    case "m_split": return argument("len") == byteCount && !hasHeader
    case "m_devget": return argument("len") == 0
    default: return false
    }
  }
}
