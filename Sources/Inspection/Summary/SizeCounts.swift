// SPDX-License-Identifier: BSD-2-Clause
//
// How many frames had how many bytes: a counter for each number that most frames have, so that every
// quantile is exact, in a fixed 512 KiB:
//
//     counts   [ 0 ][ 1 ] ... [ 65,535 ]     and one counter for what is longer
//
//     count == sum of counts + longer
//     sum, least and greatest are of all frames, the longer ones too

import BasicContainers

/// Numbers of bytes, counted one by one up to 65,535.
public struct SizeCounts: ~Copyable {
  /// The most bytes that have a counter of their own.
  public static var limit: Int { 65_535 }

  /// Frames counted.
  public private(set) var count = 0
  /// Bytes of all of them.
  public private(set) var sum = 0
  /// Bytes of the longest; 0 if there is none.
  public private(set) var greatest = 0
  private var smallest = Int.max
  private var longer = 0
  private var counts = UniqueArray<Int>(repeating: 0, count: SizeCounts.limit + 1)

  init() {}

  /// Bytes of the shortest; 0 if there is none.
  public var least: Int { count > 0 ? smallest : 0 }

  /// Bytes on average; 0 if there are no frames.
  public var mean: Double { count > 0 ? Double(sum) / Double(count) : 0 }

  /// The bytes that this share of the frames did not exceed: the least number for which that is so.
  ///
  /// Exact, but where it falls among frames of more than `limit` bytes; it is then the greatest of all.
  ///
  /// - Parameter share: 0...1.
  /// - Returns: 0 if there are no frames.
  /// - Complexity: O(`limit`).
  public func quantile(_ share: Double) -> Int {
    precondition(0...1 ~= share, "quantile \(share)")
    guard count > 0 else { return 0 }
    let wanted = Swift.max(1, Int((share * Double(count)).rounded(.up)))
    var passed = 0
    for byteCount in 0...Self.limit {
      passed += counts[byteCount]
      if passed >= wanted { return byteCount }
    }
    return greatest
  }

  /// Which of the buckets a size is in: those up to 127 have one each, and behind that there are 64 for
  /// each doubling, so that sizes in one differ by less than a 64th.
  ///
  ///     0 1 2 ... 127   128-129 130-131 ...   256-259 ...   65,024-65,535   and so on
  public static func bucket(of byteCount: Int) -> Int {
    guard byteCount > 127 else { return Swift.max(byteCount, 0) }
    let shift = Int.bitWidth - byteCount.leadingZeroBitCount - 7
    return byteCount >> shift + shift * 64
  }

  /// The greatest size in each bucket that has any, and the frames there, in ascending order.
  ///
  /// Frames of more than `limit` bytes are together in one.
  public var buckets: [(greatest: Int, count: Int)] {
    var found: [(greatest: Int, count: Int)] = []
    for byteCount in 0...Self.limit where counts[byteCount] > 0 {
      if let last = found.last, Self.bucket(of: last.greatest) == Self.bucket(of: byteCount) {
        found[found.count - 1] = (byteCount, last.count + counts[byteCount])
      } else {
        found.append((byteCount, counts[byteCount]))
      }
    }
    if longer > 0 { found.append((greatest, longer)) }
    return found
  }

  @inline(__always)
  mutating func note(_ byteCount: Int) {
    // Counters of 64 bits cannot wrap in the lifetime of a machine.
    count &+= 1
    sum &+= byteCount
    smallest = Swift.min(smallest, byteCount)
    greatest = Swift.max(greatest, byteCount)
    if byteCount <= Self.limit { counts[byteCount] &+= 1 } else { longer &+= 1 }
  }

  /// Checks that every frame is counted once.
  func checkInvariants() {
    var total = longer
    for byteCount in 0...Self.limit { total += counts[byteCount] }
    assert(total == count, "\(total) frames in the table, \(count) counted")
  }
}
