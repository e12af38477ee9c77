// SPDX-License-Identifier: BSD-2-Clause

/// LLC and SNAP: how an IEEE 802.3 frame, which has a length where Ethernet II has a type, names one.
///
///     +-------+-------+-------+-------+-------+-------+---------------+
///     |  DSAP |  SSAP |control|      organization     |      type     |
///     |  0xaa |  0xaa |  0x03 |         0,0,0         |   EtherType   |
///     +-------+-------+-------+-------+-------+-------+---------------+
@frozen
public struct SNAPHeader: ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<8>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 8 }

  /// Looks at the first 8 bytes.
  ///
  /// - Throws: `ParseError` `.tooShort` if there are fewer.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan) throws(ParseError) {
    window = try FixedBytes(bytes, layer: .snap)
  }

  /// DSAP; 0xaa for SNAP.
  @inlinable
  public var destinationServiceAccessPoint: UInt8 { window.uint8(at: 0) }

  /// SSAP; 0xaa for SNAP.
  @inlinable
  public var sourceServiceAccessPoint: UInt8 { window.uint8(at: 1) }

  /// 3, an unnumbered frame, for SNAP.
  @inlinable
  public var control: UInt8 { window.uint8(at: 2) }

  /// First byte of the organization's number.
  @inlinable
  public var organizationHigh: UInt8 { window.uint8(at: 3) }

  /// Last two bytes of the organization's number.
  @inlinable
  public var organizationLow: UInt16 { window.uint16(at: 4) }

  /// What follows, if the organization is 0.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 6)) }

  /// Whether `etherType` means what it says: SNAP, and the organization that defines EtherTypes.
  @inlinable
  public var isEtherType: Bool {
    window.uint32(at: 0) == 0xaaaa_0300 && window.uint16(at: 4) == 0
  }
}

extension SNAPHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// DSAP; 0xaa for SNAP.
    public var destinationServiceAccessPoint: UInt8
    /// SSAP; 0xaa for SNAP.
    public var sourceServiceAccessPoint: UInt8
    /// 3, an unnumbered frame, for SNAP.
    public var control: UInt8
    /// First byte of the organization's number.
    public var organizationHigh: UInt8
    /// Last two bytes of the organization's number.
    public var organizationLow: UInt16
    /// What follows, if the organization is 0.
    public var etherType: EtherType

    /// Makes the values of a header.
    @inlinable
    public init(
      destinationServiceAccessPoint: UInt8, sourceServiceAccessPoint: UInt8, control: UInt8,
      organizationHigh: UInt8, organizationLow: UInt16, etherType: EtherType
    ) {
      self.destinationServiceAccessPoint = destinationServiceAccessPoint
      self.sourceServiceAccessPoint = sourceServiceAccessPoint
      self.control = control
      self.organizationHigh = organizationHigh
      self.organizationLow = organizationLow
      self.etherType = etherType
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing SNAPHeader) {
      self.init(
        destinationServiceAccessPoint: header.destinationServiceAccessPoint,
        sourceServiceAccessPoint: header.sourceServiceAccessPoint, control: header.control,
        organizationHigh: header.organizationHigh, organizationLow: header.organizationLow,
        etherType: header.etherType)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 8.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try SNAPHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 8 }

    /// Writes the header into the first 8 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 8, "emit 8 bytes into \(bytes.byteCount)")
      bytes.store(destinationServiceAccessPoint, at: 0)
      bytes.store(sourceServiceAccessPoint, at: 1)
      bytes.store(control, at: 2)
      bytes.store(organizationHigh, at: 3)
      bytes.store(organizationLow, at: 4)
      bytes.store(etherType.rawValue, at: 6)
    }
  }
}
