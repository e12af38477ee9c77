// SPDX-License-Identifier: BSD-2-Clause
//
// What the lock checker has learned: a directed graph with an edge from a to b for each pair of
// classes where b was taken with a held.
//
//     rawinp ----> inp ----> zone ----> registry
//        \____________________^
//
// Invariants:
//
//     the graph has no cycle
//     an edge keeps the two places that were first to show it
//
// Taking b with a held is a reversal exactly if a path leads from b to a. Then the edge is not
// added, so the order that came first stays the right one, and the path is the evidence.

/// A lock of a class, and where it was taken.
public struct TakenLock: Hashable, Sendable, CustomStringConvertible {
  /// The class of the lock.
  public let lockClass: LockClass
  /// Where it was taken.
  public let site: CallSite

  /// `rawinp @ Module/File.swift:42`.
  public var description: String { "\(lockClass) @ \(site)" }
}

/// Two locks, the first held when the second was taken.
public struct LockOrder: Hashable, Sendable, CustomStringConvertible {
  /// The lock that was held.
  public let first: TakenLock
  /// The lock that was taken with the first one held.
  public let second: TakenLock

  /// Two lines, each with a class and a place.
  public var description: String { " 1st \(first)\n 2nd \(second)" }
}

/// The orders learned so far.
struct LockOrders {
  private var after: [LockClass: [LockOrder]] = [:]

  /// Every order once, those of a class in the order in which they were learned.
  var all: [LockOrder] { after.values.flatMap { $0 } }

  /// Learns that `second` is taken with `first` held.
  ///
  /// - Returns: the orders that lead the other way, if this is a reversal; then nothing is learned.
  mutating func learn(_ first: TakenLock, _ second: TakenLock) -> [LockOrder]? {
    if after[first.lockClass]?.contains(where: { $0.second.lockClass == second.lockClass }) == true
    {
      return nil
    }
    if let path = path(from: second.lockClass, to: first.lockClass) { return path }
    after[first.lockClass, default: []].append(LockOrder(first: first, second: second))
    return nil
  }

  /// A shortest way along learned orders, nil if there is none.
  private func path(from start: LockClass, to end: LockClass) -> [LockOrder]? {
    var reachedBy: [LockClass: LockOrder] = [:]
    var front = [start]
    while !front.isEmpty {
      var next: [LockClass] = []
      for order in front.lazy.flatMap({ after[$0] ?? [] }) {
        let lockClass = order.second.lockClass
        if lockClass == start || reachedBy[lockClass] != nil { continue }
        reachedBy[lockClass] = order
        if lockClass == end { return way(to: end, from: start, reachedBy) }
        next.append(lockClass)
      }
      front = next
    }
    return nil
  }

  private func way(
    to end: LockClass, from start: LockClass, _ reachedBy: [LockClass: LockOrder]
  ) -> [LockOrder] {
    var way: [LockOrder] = []
    var lockClass = end
    while lockClass != start, let order = reachedBy[lockClass] {
      way.append(order)
      lockClass = order.first.lockClass
    }
    return way.reversed()
  }
}
