// SPDX-License-Identifier: BSD-2-Clause

/// What the lock checker found, with every place that has to do with it.
///
/// A report is about places in the source: the same fault at the same two places is one report,
/// however often it happens.
public enum WitnessReport: Sendable, Hashable, CustomStringConvertible {
  /// A lock was taken with another held, and the opposite order was seen before.
  ///
  /// `opposing` leads from the lock taken now to the one that is held: one order, or several that
  /// make up a longer cycle.
  case reversal(LockOrder, opposing: [LockOrder])
  /// A lock was taken with another of its class held, or itself.
  case duplicate(LockOrder)
  /// An allocation that may wait was made with locks held, the outermost first.
  case waitingAllocation(zoneName: String, site: CallSite, held: [TakenLock])

  /// The report as text of several lines, for a person.
  ///
  ///     lock order reversal:
  ///      1st inp @ Module/File.swift:31
  ///      2nd rawinp @ Module/File.swift:32
  ///     seen before:
  ///      1st rawinp @ Module/File.swift:20
  ///      2nd inp @ Module/File.swift:21
  public var description: String {
    switch self {
    case .reversal(let order, let opposing):
      "lock order reversal:\n\(order)\nseen before:\n"
        + opposing.map(\.description).joined(separator: "\n")
    case .duplicate(let order):
      "a lock of class \(order.second.lockClass) taken with one held:\n\(order)"
    case .waitingAllocation(let zoneName, let site, let held):
      "waiting allocation with locks held:\n zone \(zoneName) @ \(site)\nheld:\n"
        + held.map { " \($0)" }.joined(separator: "\n")
    }
  }

  /// The first of the two places: where the lock that is held was taken.
  ///
  /// Of several that an allocation was made under, the innermost.
  public var held: TakenLock {
    switch self {
    case .reversal(let order, _), .duplicate(let order): return order.first
    case .waitingAllocation(_, _, let held):
      guard let last = held.last else { preconditionFailure("reported with no lock held") }
      return last
    }
  }

  /// The second of the two places: where the lock was taken now, or the allocation made.
  public var site: CallSite {
    switch self {
    case .reversal(let order, _), .duplicate(let order): order.second.site
    case .waitingAllocation(_, let site, _): site
    }
  }
}

/// How often each report was made.
struct WitnessTally {
  /// Two places and what they did: two reports with equal keys are one.
  private struct Key: Hashable {
    let held: TakenLock
    let site: CallSite
    let what: String

    init(_ report: WitnessReport) {
      held = report.held
      site = report.site
      switch report {
      case .reversal(let order, _), .duplicate(let order): what = order.second.lockClass.name
      case .waitingAllocation(let zoneName, _, _): what = "zone \(zoneName)"
      }
    }
  }

  private(set) var reports: [(report: WitnessReport, count: Int)] = []
  private var indices: [Key: Int] = [:]

  /// Counts a report; true if it is the first of its kind.
  mutating func add(_ report: WitnessReport) -> Bool {
    let key = Key(report)
    if let index = indices[key] {
      reports[index].count += 1
      return false
    }
    indices[key] = reports.count
    reports.append((report, 1))
    return true
  }
}
