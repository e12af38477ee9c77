// SPDX-License-Identifier: BSD-2-Clause

/// How many checksums came to what, by `ChecksumResult`.
///
///     total == valid + invalid + absent + partial + unverifiable
@frozen
public struct ChecksumCounts: Hashable, Sendable, BitwiseCopyable {
  /// Right.
  public var valid = 0
  /// Wrong.
  public var invalid = 0
  /// Not there: a UDP checksum of 0 over IPv4.
  public var absent = 0
  /// Left to the interface: the field holds the pseudo-header's sum.
  public var partial = 0
  /// Not to be verified: a fragment, or cut by the capture.
  public var unverifiable = 0

  /// Nothing counted yet.
  @inlinable
  public init() {}

  /// Checksums looked at.
  @inlinable
  public var total: Int { valid + invalid + absent + partial + unverifiable }

  /// Counts one result.
  @inlinable @inline(__always)
  public mutating func count(_ result: ChecksumResult) {
    // Counters of 64 bits cannot wrap in the lifetime of a machine.
    switch result {
    case .valid: valid &+= 1
    case .invalid: invalid &+= 1
    case .absent: absent &+= 1
    case .partial: partial &+= 1
    case .unverifiable: unverifiable &+= 1
    }
  }

  /// Adds the counts of another run.
  public static func += (left: inout ChecksumCounts, right: ChecksumCounts) {
    left.valid += right.valid
    left.invalid += right.invalid
    left.absent += right.absent
    left.partial += right.partial
    left.unverifiable += right.unverifiable
  }
}
