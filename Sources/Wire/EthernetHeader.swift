// SPDX-License-Identifier: BSD-2-Clause

/// The 14 bytes that open an Ethernet frame.
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-------------------------------+-------------------------------+
///     |                          destination                          |
///     +-------------------------------+-------------------------------+
///     |     destination, last two     |      source, first two        |
///     +-------------------------------+-------------------------------+
///     |                            source                             |
///     +-------------------------------+-------------------------------+
///     |      EtherType or length      |
///     +-------------------------------+
@frozen
public struct EthernetHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<14>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 14 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .ethernet }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// Link address of the receiver.
  @inlinable
  public var destination: MACAddress { window.macAddress(at: 0) }

  /// Link address of the sender.
  @inlinable
  public var source: MACAddress { window.macAddress(at: 6) }

  /// What follows; `isLength` if the frame is of the IEEE 802.3 kind.
  @inlinable
  public var etherType: EtherType { EtherType(rawValue: window.uint16(at: 12)) }
}

extension EthernetHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// Link address of the receiver.
    public var destination: MACAddress
    /// Link address of the sender.
    public var source: MACAddress
    /// What follows; `isLength` if the frame is of the IEEE 802.3 kind.
    public var etherType: EtherType

    /// Makes the values of a header.
    @inlinable
    public init(destination: MACAddress, source: MACAddress, etherType: EtherType) {
      self.destination = destination
      self.source = source
      self.etherType = etherType
    }

    /// Takes the values out of a view.
    @inlinable
    public init(_ header: borrowing EthernetHeader) {
      self.init(destination: header.destination, source: header.source, etherType: header.etherType)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` `.tooShort` if there are fewer than 14.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      self.init(try EthernetHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 14 }

    /// Writes the header into the first 14 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 14, "emit 14 bytes into \(bytes.byteCount)")
      bytes.store(destination, at: 0)
      bytes.store(source, at: 6)
      bytes.store(etherType.rawValue, at: 12)
    }
  }
}
