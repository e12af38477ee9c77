// SPDX-License-Identifier: BSD-2-Clause

/// Linux "any" interface, version 1 (LINKTYPE_LINUX_SLL).
///
///     +-------------------------------+-------------------------------+
///     |          packet type          |        ARPHRD_ type           |
///     +-------------------------------+-------------------------------+
///     |      address byte count       |                               |
///     +-------------------------------+                               +
///     |                link address, 8 bytes, padded                  |
///     +                               +-------------------------------+
///     |                               |         protocol type         |
///     +-------------------------------+-------------------------------+
@frozen
public struct LinuxSLLHeader: ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<16>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 16 }

  /// Looks at the first 16 bytes.
  ///
  /// - Throws: `ParseError` `.tooShort` if there are fewer.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan) throws(ParseError) {
    window = try FixedBytes(bytes, layer: .linuxSLL)
  }

  /// To us 0, broadcast 1, multicast 2, to another 3, from us 4.
  @inlinable
  public var packetType: UInt16 { window.uint16(at: 0) }

  /// ARPHRD_ number of the interface.
  @inlinable
  public var hardwareType: UInt16 { window.uint16(at: 2) }

  /// Bytes of `address` that count, from the left.
  @inlinable
  public var addressByteCount: UInt16 { window.uint16(at: 4) }

  /// Link address of the sender, first byte on top.
  @inlinable
  public var address: UInt64 { window.uint64(at: 6) }

  /// What follows.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 14)) }
}

extension LinuxSLLHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// To us 0, broadcast 1, multicast 2, to another 3, from us 4.
    public var packetType: UInt16
    /// ARPHRD_ number of the interface.
    public var hardwareType: UInt16
    /// Bytes of `address` that count, from the left.
    public var addressByteCount: UInt16
    /// Link address of the sender, first byte on top.
    public var address: UInt64
    /// What follows.
    public var etherType: EtherType

    /// Makes the values of a header.
    @inlinable
    public init(
      packetType: UInt16, hardwareType: UInt16, addressByteCount: UInt16, address: UInt64,
      etherType: EtherType
    ) {
      self.packetType = packetType
      self.hardwareType = hardwareType
      self.addressByteCount = addressByteCount
      self.address = address
      self.etherType = etherType
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing LinuxSLLHeader) {
      self.init(
        packetType: header.packetType, hardwareType: header.hardwareType,
        addressByteCount: header.addressByteCount, address: header.address,
        etherType: header.etherType)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 16.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try LinuxSLLHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 16 }

    /// Writes the header into the first 16 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 16, "emit 16 bytes into \(bytes.byteCount)")
      bytes.store(packetType, at: 0)
      bytes.store(hardwareType, at: 2)
      bytes.store(addressByteCount, at: 4)
      bytes.store(address, at: 6)
      bytes.store(etherType.rawValue, at: 14)
    }
  }
}
