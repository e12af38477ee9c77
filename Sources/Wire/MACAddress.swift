// SPDX-License-Identifier: BSD-2-Clause

/// A 48-bit link address (IEEE 802).
///
///      0      1      2      3      4      5
///     +------+------+------+------+------+------+
///     |            high           |     low     |     02:00:5e:10:00:01
///     +------+------+------+------+------+------+
///       bit 0 of the first byte: group; bit 1: locally administered
@frozen
public struct MACAddress: Hashable, Sendable, BitwiseCopyable {
  // Two numbers and not one, so that the address takes six bytes.
  @usableFromInline let high: UInt32
  @usableFromInline let low: UInt16

  @inlinable @inline(__always)
  init(high: UInt32, low: UInt16) {
    self.high = high
    self.low = low
  }

  /// Makes an address out of the low 48 bits of a number, first byte on top.
  @inlinable
  public init(_ bits: UInt64) {
    self.init(high: UInt32(truncatingIfNeeded: bits >> 16), low: UInt16(truncatingIfNeeded: bits))
  }

  /// Makes an address out of its six bytes, in the order of the wire.
  @inlinable
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
    self.init(
      high: UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d),
      low: UInt16(e) << 8 | UInt16(f))
  }

  /// Reads `02:00:5e:10:00:01` or `02-00-5e-10-00-01`: six parts of one or two hex digits.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(
      separator: text.contains(":") ? ":" : "-", omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    var bits: UInt64 = 0
    for part in parts {
      guard part.utf8.count <= 2, part.first != "+", let byte = UInt8(part, radix: 16) else {
        return nil
      }
      bits = bits << 8 | UInt64(byte)
    }
    self.init(bits)
  }

  /// Every station: ff:ff:ff:ff:ff:ff.
  @inlinable
  public static var broadcast: MACAddress { MACAddress(high: .max, low: .max) }

  /// The address as a number, first byte on top of the low 48 bits.
  @inlinable
  public var bits: UInt64 { UInt64(high) << 16 | UInt64(low) }

  /// Whether this is the broadcast address.
  @inlinable
  public var isBroadcast: Bool { self == .broadcast }

  /// Whether this names a group of stations; broadcast is one.
  @inlinable
  public var isMulticast: Bool { high & 0x0100_0000 != 0 }

  /// Whether the address was made up locally and not burnt in by a vendor.
  @inlinable
  public var isLocallyAdministered: Bool { high & 0x0200_0000 != 0 }
}

extension MACAddress: CustomStringConvertible {
  /// Six pairs of hex digits, with colons.
  public var description: String {
    (0..<6).map { index in
      let byte = bits >> (40 - 8 * UInt64(index)) & 0xff
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: ":")
  }
}
