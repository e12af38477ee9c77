// SPDX-License-Identifier: BSD-2-Clause

// Nobody answers ARP yet; InternetStack+Link.swift says what that takes.

/// Address resolution for IPv4 over Ethernet (RFC 826).
///
///     +-------------------------------+-------------------------------+
///     |       hardware type, 1        |     protocol type, 0x0800     |
///     +---------------+---------------+-------------------------------+
///     | hw length, 6  | p. length, 4  |           operation           |
///     +---------------+---------------+-------------------------------+
///     |                    sender hardware address                    |
///     +                               +-------------------------------+
///     |                               |    sender protocol address    |
///     +-------------------------------+-------------------------------+
///     |   sender protocol address     |                               |
///     +-------------------------------+                               +
///     |                    target hardware address                    |
///     +---------------------------------------------------------------+
///     |                    target protocol address                    |
///     +---------------------------------------------------------------+
@frozen
public struct ARPHeader: HeaderView, ~Escapable, BitwiseCopyable {
  @usableFromInline
  let window: FixedBytes<28>

  /// Bytes of the header.
  @inlinable
  public static var byteCount: Int { 28 }

  /// What errors call the header.
  @inlinable
  public static var layer: ParseError.Layer { .arp }

  /// Reads the header that begins at `offset`.
  ///
  /// - Precondition: `byteCount` bytes lie behind `offset`.
  @_lifetime(copy bytes)
  @inlinable @inline(__always)
  public init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// 1 for Ethernet.
  @inlinable
  public var hardwareType: UInt16 { window.uint16(at: 0) }

  /// `.ipv4`.
  @inlinable
  public var protocolType: EtherType { EtherType(rawValue: window.uint16(at: 2)) }

  /// 6.
  @inlinable
  public var hardwareByteCount: UInt8 { window.uint8(at: 4) }

  /// 4.
  @inlinable
  public var protocolByteCount: UInt8 { window.uint8(at: 5) }

  /// Request, reply, or another.
  @inlinable
  public var operation: Operation { Operation(rawValue: window.uint16(at: 6)) }

  /// Link address of the sender.
  @inlinable
  public var senderHardware: MACAddress { window.macAddress(at: 8) }

  /// IPv4 address of the sender.
  @inlinable
  public var senderProtocol: IPv4Address { window.ipv4Address(at: 14) }

  /// Link address asked for, zero in a request.
  @inlinable
  public var targetHardware: MACAddress { window.macAddress(at: 18) }

  /// IPv4 address asked for.
  @inlinable
  public var targetProtocol: IPv4Address { window.ipv4Address(at: 24) }
}

/// What any ARP message begins with, whatever addresses it is about: how long they are.
struct ARPPrefix: HeaderView, ~Escapable, BitwiseCopyable {
  private let window: FixedBytes<8>

  static var byteCount: Int { 8 }
  static var layer: ParseError.Layer { .arp }

  @_lifetime(copy bytes)
  @inline(__always)
  init(_ bytes: RawSpan, at offset: Int) {
    window = FixedBytes(bytes, at: offset)
  }

  /// Bytes of the message: this, and both addresses twice.
  var messageByteCount: Int {
    8 + 2 * (Int(window.uint8(at: 4)) + Int(window.uint8(at: 5)))
  }
}

extension ARPHeader {
  /// The values of the header.
  @frozen
  public struct Fields: Hashable, Sendable, BitwiseCopyable {
    /// 1 for Ethernet.
    public var hardwareType: UInt16
    /// `.ipv4`.
    public var protocolType: EtherType
    /// 6.
    public var hardwareByteCount: UInt8
    /// 4.
    public var protocolByteCount: UInt8
    /// Request, reply, or another.
    public var operation: Operation
    /// Link address of the sender.
    public var senderHardware: MACAddress
    /// IPv4 address of the sender.
    public var senderProtocol: IPv4Address
    /// Link address asked for, zero in a request.
    public var targetHardware: MACAddress
    /// IPv4 address asked for.
    public var targetProtocol: IPv4Address

    /// Makes the values of a header.
    @inlinable
    public init(
      hardwareType: UInt16, protocolType: EtherType, hardwareByteCount: UInt8,
      protocolByteCount: UInt8, operation: Operation, senderHardware: MACAddress,
      senderProtocol: IPv4Address, targetHardware: MACAddress, targetProtocol: IPv4Address
    ) {
      self.hardwareType = hardwareType
      self.protocolType = protocolType
      self.hardwareByteCount = hardwareByteCount
      self.protocolByteCount = protocolByteCount
      self.operation = operation
      self.senderHardware = senderHardware
      self.senderProtocol = senderProtocol
      self.targetHardware = targetHardware
      self.targetProtocol = targetProtocol
    }

    /// Takes the values out of a view.
    ///
    /// - Throws: `ParseError` `.unsupported` unless it maps IPv4 to Ethernet.
    @inlinable
    public init(_ header: borrowing ARPHeader) throws(ParseError) {
      guard header.hardwareType == 1 else {
        throw ParseError(.arp, .unsupported, wanted: 1, available: Int(header.hardwareType))
      }
      guard header.protocolType == .ipv4 else {
        throw ParseError(
          .arp, .unsupported, wanted: 0x0800, available: Int(header.protocolType.rawValue))
      }
      guard header.hardwareByteCount == 6, header.protocolByteCount == 4 else {
        throw ParseError(
          .arp, .badLength, wanted: 6 + 4,
          available: Int(header.hardwareByteCount) + Int(header.protocolByteCount))
      }
      self.init(
        hardwareType: header.hardwareType, protocolType: header.protocolType,
        hardwareByteCount: header.hardwareByteCount, protocolByteCount: header.protocolByteCount,
        operation: header.operation, senderHardware: header.senderHardware,
        senderProtocol: header.senderProtocol, targetHardware: header.targetHardware,
        targetProtocol: header.targetProtocol)
    }

    /// Takes the values out of bytes.
    ///
    /// - Throws: `ParseError` for too few bytes, and what the initializer from a view throws.
    @inlinable
    public init(parsing bytes: RawSpan) throws(ParseError) {
      try self.init(try ARPHeader(bytes))
    }

    /// Bytes that `emit` writes.
    @inlinable
    public var byteCount: Int { 28 }

    /// Writes the header into the first 28 bytes.
    ///
    /// - Precondition: there are as many.
    @inlinable
    public func emit(into bytes: inout MutableRawSpan) {
      precondition(bytes.byteCount >= 28, "emit 28 bytes into \(bytes.byteCount)")
      bytes.store(hardwareType, at: 0)
      bytes.store(protocolType.rawValue, at: 2)
      bytes.store(hardwareByteCount, at: 4)
      bytes.store(protocolByteCount, at: 5)
      bytes.store(operation.rawValue, at: 6)
      bytes.store(senderHardware, at: 8)
      bytes.store(senderProtocol, at: 14)
      bytes.store(targetHardware, at: 18)
      bytes.store(targetProtocol, at: 24)
    }
  }
}

extension ARPHeader {
  /// What an ARP message wants.
  @frozen
  public struct Operation: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Takes any number.
    @inlinable
    public init(rawValue: UInt16) {
      self.rawValue = rawValue
    }

    /// Asks who has an address.
    @inlinable public static var request: Operation { Operation(rawValue: 1) }
    /// Says who has an address.
    @inlinable public static var reply: Operation { Operation(rawValue: 2) }
  }
}

extension ARPHeader.Fields {
  /// Makes a message of IPv4 over Ethernet.
  @inlinable
  public init(
    _ operation: ARPHeader.Operation,
    senderHardware: MACAddress, senderProtocol: IPv4Address,
    targetHardware: MACAddress, targetProtocol: IPv4Address
  ) {
    self.init(
      hardwareType: 1, protocolType: .ipv4, hardwareByteCount: 6, protocolByteCount: 4,
      operation: operation, senderHardware: senderHardware, senderProtocol: senderProtocol,
      targetHardware: targetHardware, targetProtocol: targetProtocol)
  }
}
