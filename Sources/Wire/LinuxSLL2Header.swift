// SPDX-License-Identifier: BSD-2-Clause

/// Linux "any" interface, version 2 (LINKTYPE_LINUX_SLL2).
///
///     +-------------------------------+-------------------------------+
///     |         protocol type         |         reserved, 0           |
///     +-------------------------------+-------------------------------+
///     |                       interface index                         |
///     +-------------------------------+---------------+---------------+
///     |          ARPHRD_ type         |  packet type  |  addr. bytes  |
///     +-------------------------------+---------------+---------------+
///     |                link address, 8 bytes, padded                  |
///     +                                                               +
///     |                                                               |
///     +---------------------------------------------------------------+
@frozen
public struct LinuxSLL2Header: ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<20>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 20 }

  /// Looks at the first 20 bytes.
  ///
  /// - Throws: `ParseError` `.tooShort` if there are fewer.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan) throws(ParseError) {
    window = try FixedBytes(bytes, layer: .linuxSLL2)
  }

  /// What follows.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 0)) }

  /// Zero.
  @inlinable
  public var reserved: UInt16 { window.uint16(at: 2) }

  /// The interface, by the capturing host's number.
  @inlinable
  public var interfaceIndex: UInt32 { window.uint32(at: 4) }

  /// ARPHRD_ number of the interface.
  @inlinable
  public var hardwareType: UInt16 { window.uint16(at: 8) }

  /// To us 0, broadcast 1, multicast 2, to another 3, from us 4.
  @inlinable
  public var packetType: UInt8 { window.uint8(at: 10) }

  /// Bytes of `address` that count, from the left.
  @inlinable
  public var addressByteCount: UInt8 { window.uint8(at: 11) }

  /// Link address of the sender, first byte on top.
  @inlinable
  public var address: UInt64 { window.uint64(at: 12) }
}

extension LinuxSLL2Header {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// What follows.
    public var etherType: EtherType
    /// Zero.
    public var reserved: UInt16
    /// The interface, by the capturing host's number.
    public var interfaceIndex: UInt32
    /// ARPHRD_ number of the interface.
    public var hardwareType: UInt16
    /// To us 0, broadcast 1, multicast 2, to another 3, from us 4.
    public var packetType: UInt8
    /// Bytes of `address` that count, from the left.
    public var addressByteCount: UInt8
    /// Link address of the sender, first byte on top.
    public var address: UInt64

    /// Makes the values of a header.
    @inlinable
    public init(
      etherType: EtherType, reserved: UInt16, interfaceIndex: UInt32, hardwareType: UInt16,
      packetType: UInt8, addressByteCount: UInt8, address: UInt64
    ) {
      self.etherType = etherType
      self.reserved = reserved
      self.interfaceIndex = interfaceIndex
      self.hardwareType = hardwareType
      self.packetType = packetType
      self.addressByteCount = addressByteCount
      self.address = address
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing LinuxSLL2Header) {
      self.init(
        etherType: header.etherType, reserved: header.reserved,
        interfaceIndex: header.interfaceIndex, hardwareType: header.hardwareType,
        packetType: header.packetType, addressByteCount: header.addressByteCount,
        address: header.address)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 20.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try LinuxSLL2Header(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 20 }

    /// Writes the header into the first 20 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 20, "emit 20 bytes into \(bytes.byteCount)")
      bytes.store(etherType.rawValue, at: 0)
      bytes.store(reserved, at: 2)
      bytes.store(interfaceIndex, at: 4)
      bytes.store(hardwareType, at: 8)
      bytes.store(packetType, at: 10)
      bytes.store(addressByteCount, at: 11)
      bytes.store(address, at: 12)
    }
  }
}
