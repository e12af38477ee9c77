// SPDX-License-Identifier: BSD-2-Clause
//
// How many bytes some zones may hold together, whatever they hold them for:
//
//     used = slabs + headers kept off their slabs              of every keg on the budget
//          + slabs of buckets + tables of threads              on the process's budget only
//
//     used <= limit, unless limit == 0 or the limit was lowered below it
//
// A keg charges before it asks for pages and refunds after it has given them back.

import Synchronization

/// A limit in bytes that several zones share.
///
/// Every zone is on `process` unless it is made on another budget, so one number can bound all
/// packet memory of a program. A zone that is refused bytes first has all zones give back what
/// they have cached, except those that can have nothing of the budget.
///
/// BSD: `kern.ipc.maxmbufmem`, which is divided among the zones at boot; here nothing is divided.
public final class MemoryBudget: Sendable {
  /// The budget of the process, with no limit at first.
  public static let process = MemoryBudget()

  private let used = Atomic<Int>(0)
  private let limit: Atomic<Int>

  /// Makes a budget of its own.
  ///
  /// - Parameter limitInBytes: the most bytes, 0 for no limit.
  public init(limitInBytes: Int = 0) {
    precondition(limitInBytes >= 0, "a budget of \(limitInBytes) bytes")
    limit = Atomic(limitInBytes)
  }

  /// The most bytes, 0 for no limit.
  ///
  /// May be changed at any time. Lowered below what is used it stops growth; drain the zones to
  /// bring the use down.
  public var limitInBytes: Int {
    get { limit.load(ordering: .relaxed) }
    set {
      precondition(newValue >= 0, "a budget of \(newValue) bytes")
      limit.store(newValue, ordering: .relaxed)
    }
  }

  /// Bytes held now.
  public var usedByteCount: Int { used.load(ordering: .relaxed) }

  /// Takes bytes off the budget; false, and nothing taken, if they would go beyond its limit.
  func charge(_ byteCount: Int) -> Bool {
    let limit = limit.load(ordering: .relaxed)
    var seen = used.load(ordering: .relaxed)
    while true {
      guard limit == 0 || byteCount <= limit - seen else { return false }
      let (done, now) = used.compareExchange(
        expected: seen, desired: seen + byteCount, ordering: .relaxed)
      if done { return true }
      seen = now
    }
  }

  /// Whether so many bytes could be charged now.
  func hasRoom(for byteCount: Int) -> Bool {
    let limit = limit.load(ordering: .relaxed)
    return limit == 0 || byteCount <= limit - used.load(ordering: .relaxed)
  }

  func refund(_ byteCount: Int) { used.subtract(byteCount, ordering: .relaxed) }
}
