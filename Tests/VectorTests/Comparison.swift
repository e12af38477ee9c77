// SPDX-License-Identifier: BSD-2-Clause

@testable import Mbufs

/// What a call gave here beside what was recorded of it.
///
/// Before there is one, the chains were checked against the naive account: what was found is what
/// our contract promises, and after an error the chains are unchanged. What is left to say is why
/// the record differs, if it does.
struct Comparison {
  let operation: String
  let arguments: JSON
  /// Which allocation failed: none (0), the k-th, all (-1).
  let failing: Int
  let quirks: Set<String>
  let error: MbufError?
  let found: JSON
  let recorded: JSON
  let alternatives: [String: JSON]
  /// Bytes of the chain before the call, and whether it had a header.
  let byteCount: Int
  let hasHeader: Bool
  /// Allocations that the call asked for, counted where some were made to fail.
  var attemptCount = 0
  /// Whether the call broke a precondition here, so that it was not made, or made with less.
  var isRefused = false
  /// What the original's own rules give for the call, where they are spelled out; nil if it would
  /// assert.
  var account: JSON?
  /// What the same call gives here when nothing fails, if some of its allocations did.
  var undisturbed: JSON?

  /// The paths of the values that differ.
  var differing: Set<String> { JSON.differences(found, recorded) }

  func argument(_ name: String) -> Int? { arguments[name]?.int }

  /// How the two relate: nil if nothing explains the difference.
  var verdict: Verdict? {
    if found == recorded { return isRefused ? .deviation(.preconditionTraps) : .same }
    // Of two answers the later release's is the contract.
    if found == alternatives["13.0"] { return .sameAsLater }
    return Deviation.allCases.first { $0.explains(self) }.map(Verdict.deviation)
  }
}

/// How a result relates to the record.
enum Verdict: Hashable {
  case same
  /// As FreeBSD 13.0 has it, where 9.1 differs.
  case sameAsLater
  case deviation(Deviation)
}
