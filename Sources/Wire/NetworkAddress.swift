// SPDX-License-Identifier: BSD-2-Clause

/// An address of either family, for what is alike in both but for its width.
public protocol NetworkAddress: Hashable, Sendable, BitwiseCopyable {
  /// Bytes of the address: 4 or 16.
  static var byteCount: Int { get }

  /// What errors call the protocol by which groups of such addresses are joined.
  static var groupLayer: ParseError.Layer { get }

  /// Reads the address that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  init(_ bytes: RawSpan, at offset: Int)

  /// Writes the address at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  func emit(into bytes: inout MutableRawSpan, at offset: Int)

  /// Whether this is all zeros.
  var isAny: Bool { get }

  /// Whether this names a group of hosts.
  var isMulticast: Bool { get }
}

extension IPv4Address: NetworkAddress {
  /// Bytes of the address.
  @inlinable
  public static var byteCount: Int { 4 }

  /// Groups are joined by IGMP.
  @inlinable
  public static var groupLayer: ParseError.Layer { .igmp }

  /// Reads the address that begins at `offset`.
  ///
  /// - Precondition: 4 bytes lie behind `offset`.
  @inlinable
  public init(_ bytes: RawSpan, at offset: Int) {
    self = FixedBytes<4>(bytes, at: offset).ipv4Address(at: 0)
  }

  /// Writes the address at `offset`.
  ///
  /// - Precondition: 4 bytes lie behind `offset`.
  @inlinable
  public func emit(into bytes: inout MutableRawSpan, at offset: Int) {
    bytes.store(self, at: offset)
  }
}

extension IPv6Address: NetworkAddress {
  /// Bytes of the address.
  @inlinable
  public static var byteCount: Int { 16 }

  /// Groups are joined by messages of ICMPv6.
  @inlinable
  public static var groupLayer: ParseError.Layer { .icmpv6 }

  /// Reads the address that begins at `offset`.
  ///
  /// - Precondition: 16 bytes lie behind `offset`.
  @inlinable
  public init(_ bytes: RawSpan, at offset: Int) {
    self = FixedBytes<16>(bytes, at: offset).ipv6Address(at: 0)
  }

  /// Writes the address at `offset`.
  ///
  /// - Precondition: 16 bytes lie behind `offset`.
  @inlinable
  public func emit(into bytes: inout MutableRawSpan, at offset: Int) {
    bytes.store(self, at: offset)
  }
}
