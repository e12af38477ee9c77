// SPDX-License-Identifier: BSD-2-Clause
//
// Figures of a type, all of them atomic, written by any thread that allocates or frees:
//
//     bytesInUse   raised before memory is asked for, so a limit holds at every moment
//     inUse        allocations less frees
//     highBytes    the most that bytesInUse has been with an allocation that succeeded
//
//     bytesInUse == sum of the byte counts of what is in use      when no call is under way

import Synchronization

/// What allocated memory is for: a name to account it to, with figures and perhaps a limit.
///
/// A type is made once and lives as long as the process.
///
///     let sessions = MallocType("session", limitInBytes: 1 << 20)
///
/// BSD: `struct malloc_type`, `MALLOC_DEFINE` (sys/sys/malloc.h).
public final class MallocType: Sendable {
  /// The name given when it was made; not necessarily unique.
  public let name: String
  /// What stands in the tag of an item of this type.
  let number: UInt16

  private let bytesInUse = Atomic<Int>(0)
  private let inUse = Atomic<Int>(0)
  private let highBytes = Atomic<Int>(0)
  private let requests = Atomic<UInt64>(0)
  private let denials = Atomic<UInt64>(0)
  /// Bit i: memory of 1 << i bytes was handed out.
  private let sizes = Atomic<UInt64>(0)
  private let limit: Atomic<Int>

  /// Tags that are no type's: of an item that was never allocated, and of one that is free.
  static let unusedTag: UInt16 = 0
  static let freeTag: UInt16 = .max

  private static let lastNumber = Atomic<Int>(0)
  private static let known = Guarded<[UInt16: MallocType]>([:])

  /// Makes a type.
  ///
  /// - Parameters:
  ///   - name: for reports.
  ///   - limitInBytes: the most bytes of this type, as they are rounded up for size classes; 0 for
  ///     no limit.
  /// - Precondition: there are fewer than 65,534 types.
  public init(_ name: String, limitInBytes: Int = 0) {
    precondition(limitInBytes >= 0, "type \(name): a limit of \(limitInBytes) bytes")
    self.name = name
    limit = Atomic(limitInBytes)
    let count = Self.lastNumber.add(1, ordering: .relaxed).newValue
    precondition(count < Int(Self.freeTag), "type \(name): too many types")
    let number = UInt16(count)
    self.number = number
    Self.known.withLock { $0[number] = self }
  }

  /// Every type made so far, in order.
  public static var all: [MallocType] {
    known.withLock { known in known.values.sorted { $0.number < $1.number } }
  }

  /// The name of the type that a tag stands for.
  static func name(ofTag tag: UInt16) -> String {
    known.withLock { $0[tag]?.name ?? "no type" }
  }

  /// The most bytes of this type; 0 for no limit.
  ///
  /// May be changed at any time. Lowered below what is in use, it denies until enough is freed.
  ///
  /// BSD: `ks_limit` of the earlier `struct malloc_type`.
  public var limitInBytes: Int {
    get { limit.load(ordering: .relaxed) }
    set {
      precondition(newValue >= 0, "type \(name): a limit of \(newValue) bytes")
      limit.store(newValue, ordering: .relaxed)
    }
  }

  /// The figures now.
  public func statistics() -> MallocStatistics {
    let sizes = sizes.load(ordering: .relaxed)
    return MallocStatistics(
      name: name, inUse: inUse.load(ordering: .relaxed),
      bytesInUse: bytesInUse.load(ordering: .relaxed),
      highBytes: highBytes.load(ordering: .relaxed), requests: requests.load(ordering: .relaxed),
      denials: denials.load(ordering: .relaxed), limitInBytes: limitInBytes,
      sizes: (0..<63).filter { sizes & 1 << UInt64($0) != 0 }.map { 1 << $0 })
  }

  // MARK: Kept by the allocator

  /// Raises the bytes in use, unless that would pass the limit.
  func admit(_ byteCount: Int) -> Bool {
    var seen = bytesInUse.load(ordering: .relaxed)
    while true {
      let limit = limit.load(ordering: .relaxed)
      if limit > 0 && seen > limit - byteCount {
        countDenial()
        return false
      }
      let (done, now) = bytesInUse.compareExchange(
        expected: seen, desired: seen + byteCount, ordering: .relaxed)
      if done { return true }
      seen = now
    }
  }

  /// Lowers them again, because there was no memory.
  func withdraw(_ byteCount: Int) {
    bytesInUse.subtract(byteCount, ordering: .relaxed)
    countDenial()
  }

  /// Counts a denial that took nothing.
  func countDenial() { denials.add(1, ordering: .relaxed) }

  /// Counts an allocation of admitted bytes.
  func countAllocation(_ byteCount: Int) {
    inUse.add(1, ordering: .relaxed)
    requests.add(1, ordering: .relaxed)
    let bit = UInt64(1) << UInt64(Int.bitWidth - (byteCount - 1).leadingZeroBitCount)
    if sizes.load(ordering: .relaxed) & bit == 0 { sizes.bitwiseOr(bit, ordering: .relaxed) }
    let now = bytesInUse.load(ordering: .relaxed)
    if now > highBytes.load(ordering: .relaxed) { highBytes.max(now, ordering: .relaxed) }
  }

  /// Counts a free.
  func countFree(_ byteCount: Int) {
    inUse.subtract(1, ordering: .relaxed)
    bytesInUse.subtract(byteCount, ordering: .relaxed)
  }
}
