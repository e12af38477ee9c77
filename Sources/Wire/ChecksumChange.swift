// SPDX-License-Identifier: BSD-2-Clause

/// What is replaced under Internet checksums, which brings them up to date without the other bytes.
///
///     HC' = ~(~HC + ~m + m')                       RFC 1624, equation 3; m' takes the place of m
///
///     sum == the ones' complement sum of ~m + m' over all that was replaced
///     sum == 0 exactly if nothing was: then every checksum stays bit for bit
///
/// One change serves every checksum that covers the same words: a new address is one for the header
/// of IPv4 and for the pseudo-header of the transport. A checksum that was right stays right; one that
/// was wrong stays wrong by the same difference.
///
///     var change = ChecksumChange()
///     change.replace(old, by: new)
///     let checksum = change.applied(to: header.checksum)
@frozen
public struct ChecksumChange: Hashable, Sendable, BitwiseCopyable {
  // Cannot wrap: each replacement adds less than 2^35, and nobody makes 2^29 of them.
  @usableFromInline var sum: UInt64

  /// Nothing replaced yet.
  @inlinable @inline(__always)
  public init() { sum = 0 }

  /// Whether every checksum stays as it is.
  @inlinable
  public var isEmpty: Bool { sum == 0 }

  /// Puts a 16-bit word in the place of another.
  @inlinable
  public mutating func replace(_ old: UInt16, by new: UInt16) {
    if old != new { sum &+= UInt64(~old) &+ UInt64(new) }
  }

  /// Puts a number that begins with a word in the place of another.
  @inlinable
  public mutating func replace(_ old: UInt32, by new: UInt32) {
    // 2^16 is 1 where 0xffff is 0, so the two words need not be parted.
    if old != new { sum &+= UInt64(~old) &+ UInt64(new) }
  }

  /// Puts a number that begins with a word in the place of another.
  @inlinable
  public mutating func replace(_ old: UInt64, by new: UInt64) {
    replace(UInt32(truncatingIfNeeded: old >> 32), by: UInt32(truncatingIfNeeded: new >> 32))
    replace(UInt32(truncatingIfNeeded: old), by: UInt32(truncatingIfNeeded: new))
  }

  /// Puts an address in the place of another.
  @inlinable
  public mutating func replace(_ old: IPv4Address, by new: IPv4Address) {
    replace(old.bits, by: new.bits)
  }

  /// Puts an address in the place of another.
  @inlinable
  public mutating func replace(_ old: IPv6Address, by new: IPv6Address) {
    replace(old.high, by: new.high)
    replace(old.low, by: new.low)
  }

  /// The checksum that a field with this one is to have.
  @inlinable
  public func applied(to checksum: UInt16) -> UInt16 {
    isEmpty ? checksum : ~folded(UInt64(~checksum))
  }

  /// The same for UDP, where 0 says that there is no checksum, and stays.
  @inlinable
  public func applied(toUDP checksum: UInt16) -> UInt16 {
    checksum == 0 ? 0 : UDPHeader.checksumToSend(applied(to: checksum))
  }

  /// The same for a field that holds the sum of the pseudo-header alone, which is no complement.
  ///
  /// Only what was replaced in the pseudo-header may be in the change.
  @inlinable
  public func applied(toPartial sum: UInt16) -> UInt16 {
    isEmpty ? sum : folded(UInt64(sum))
  }

  /// The sum of the change and a word, its carries brought round.
  @inlinable
  func folded(_ word: UInt64) -> UInt16 {
    // Cannot wrap, as above. Four steps: 49 bits, 34, 18, 17, 16.
    var total = sum &+ word
    total = (total & 0xffff_ffff) &+ total >> 32
    total = (total & 0xffff) &+ total >> 16
    total = (total & 0xffff) &+ total >> 16
    total = (total & 0xffff) &+ total >> 16
    return UInt16(truncatingIfNeeded: total)
  }
}
