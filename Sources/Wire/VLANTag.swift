// SPDX-License-Identifier: BSD-2-Clause

/// A VLAN tag (IEEE 802.1Q), from behind the EtherType that announced it.
///
///     +-----+-+-----------------------+-------------------------------+
///     | PCP |D|       identifier      |   EtherType of what follows   |
///     +-----+-+-----------------------+-------------------------------+
@frozen
public struct VLANTag: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<4>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 4 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .vlan }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// Priority, drop-eligible bit and identifier together.
  @inlinable
  public var control: UInt16 { window.uint16(at: 0) }

  /// What follows; another tag's type if tags are stacked.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 2)) }

  /// The number of the VLAN, 0...4095; 0 means a priority only.
  @inlinable
  public var identifier: UInt16 { control & 0xfff }
}

extension VLANTag {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// Priority, drop-eligible bit and identifier together.
    public var control: UInt16
    /// What follows; another tag's type if tags are stacked.
    public var etherType: EtherType

    /// Makes the values of a header.
    @inlinable
    public init(control: UInt16, etherType: EtherType) {
      self.control = control
      self.etherType = etherType
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing VLANTag) {
      self.init(control: header.control, etherType: header.etherType)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 4.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try VLANTag(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 4 }

    /// Writes the header into the first 4 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 4, "emit 4 bytes into \(bytes.byteCount)")
      bytes.store(control, at: 0)
      bytes.store(etherType.rawValue, at: 2)
    }
  }
}

extension VLANTag.Fields {
  /// The number of the VLAN, 0...4095; 0 means a priority only.
  @inlinable
  public var identifier: UInt16 { control & 0xfff }

  /// The priority code point, 0...7.
  @inlinable
  public var priority: UInt8 { UInt8(truncatingIfNeeded: control >> 13) }

  /// Whether the frame may be dropped first.
  @inlinable
  public var isDropEligible: Bool { control & 0x1000 != 0 }
}
