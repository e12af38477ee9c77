// SPDX-License-Identifier: BSD-2-Clause

/// An IPv4 address; its number has the first byte of the wire on top.
@frozen
public struct IPv4Address: Hashable, Sendable, BitwiseCopyable {
  /// The address as a number: 10.0.0.1 is 0x0a00_0001.
  public let bits: UInt32

  /// Makes an address out of a number.
  @inlinable @inline(__always)
  public init(_ bits: UInt32) {
    self.bits = bits
  }

  /// Makes an address out of its four bytes, in the order of the wire.
  @inlinable
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    self.init(UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d))
  }

  /// Reads four decimal numbers with dots, as in `192.0.2.1`.
  ///
  /// Leading zeros are refused, since some readers take them for octal.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bits: UInt32 = 0
    for part in parts {
      guard part.utf8.count <= 3, part.first != "+", part == "0" || part.first != "0",
        let byte = UInt8(part)
      else { return nil }
      bits = bits << 8 | UInt32(byte)
    }
    self.init(bits)
  }

  /// 0.0.0.0, "this host" or "any".
  @inlinable
  public static var any: IPv4Address { IPv4Address(0) }

  /// 127.0.0.1.
  @inlinable
  public static var loopback: IPv4Address { IPv4Address(0x7f00_0001) }

  /// 255.255.255.255, every host on this link.
  @inlinable
  public static var broadcast: IPv4Address { IPv4Address(.max) }

  /// Whether this is 0.0.0.0.
  @inlinable
  public var isAny: Bool { bits == 0 }

  /// Whether this lies in 127.0.0.0/8.
  @inlinable
  public var isLoopback: Bool { bits >> 24 == 127 }

  /// Whether this lies in 224.0.0.0/4.
  @inlinable
  public var isMulticast: Bool { bits >> 28 == 0xe }

  /// Whether this is 255.255.255.255; a subnet's own broadcast cannot be known from the address.
  @inlinable
  public var isBroadcast: Bool { bits == .max }

  /// Whether this lies in 169.254.0.0/16.
  @inlinable
  public var isLinkLocal: Bool { bits >> 16 == 0xa9fe }
}

extension IPv4Address: CustomStringConvertible {
  /// Four decimal numbers with dots.
  public var description: String {
    "\(bits >> 24).\(bits >> 16 & 0xff).\(bits >> 8 & 0xff).\(bits & 0xff)"
  }
}
