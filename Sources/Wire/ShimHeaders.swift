// SPDX-License-Identifier: BSD-2-Clause
//
// Views of the short headers between the link header and the network; DecodedFrame+Shims.swift walks
// them. Each is read only as far as the walk needs it.

/// One label of a stack (RFC 3032 section 2.1).
///
///     +---------------------------------------+-----+-+---------------+
///     |                 label                 |class|S|  time to live |
///     +---------------------------------------+-----+-+---------------+
struct MPLSLabel: HeaderView, ~Escapable {
  private let window: FixedBytes<4>
  static var byteCount: Int { 4 }
  static var layer: ParseError.Layer { .mpls }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) { window = FixedBytes(bytes, at: offset) }

  /// Whether no label follows.
  var isBottom: Bool { window.uint8(at: 2) & 1 != 0 }
}

/// The header of a PPPoE session (RFC 2516 section 4).
///
///     +-------+-------+---------------+-------------------------------+
///     |version| type  |     code      |            session            |
///     +-------+-------+---------------+-------------------------------+
///     |            length             |        PPP protocol ...
///     +-------------------------------+
struct PPPoEHeader: HeaderView, ~Escapable {
  private let window: FixedBytes<6>
  static var byteCount: Int { 6 }
  static var layer: ParseError.Layer { .pppoe }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) { window = FixedBytes(bytes, at: offset) }

  /// Bytes behind this header, PPP's protocol included.
  var payloadByteCount: UInt16 { window.uint16(at: 4) }
}

/// The tag of MACsec (IEEE 802.1AE clause 9), behind its EtherType.
///
///     +-+-+-+-+-+-+---+---------------+-------------------------------+
///     |V|E|S|B|E|C|AN |  short length |        packet number
///     +-+-+-+-+-+-+---+---------------+-------------------------------+
///              packet number          |   secure channel, 8 bytes, if SC is set
///     +-------------------------------+
struct MACsecTag: HeaderView, ~Escapable {
  private let window: FixedBytes<6>
  static var byteCount: Int { 6 }
  static var layer: ParseError.Layer { .macsec }
  /// Bytes of the integrity check value at the end of the frame.
  static var checkByteCount: Int { 16 }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) { window = FixedBytes(bytes, at: offset) }

  /// Whether the payload is changed, by encryption or otherwise (the E and C bits), or the tag is of
  /// another version, as the V bit says, and may be anything.
  var isEncrypted: Bool { window.uint8(at: 0) & 0x8c != 0 }
  /// Bytes of the whole tag.
  var byteCount: Int { window.uint8(at: 0) & 0x20 != 0 ? 14 : 6 }
}

/// The redundancy tag (IEEE 802.1CB clause 7.8), behind its EtherType: 2 bytes that are reserved, 2 of a
/// sequence number, and a type.
struct RedundancyTag: HeaderView, ~Escapable {
  private let window: FixedBytes<6>
  static var byteCount: Int { 6 }
  static var layer: ParseError.Layer { .vlan }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) { window = FixedBytes(bytes, at: offset) }

  var etherType: EtherType { EtherType(rawValue: window.uint16(at: 4)) }
}

/// A type alone.
struct EtherTypeField: HeaderView, ~Escapable {
  private let window: FixedBytes<2>
  static var byteCount: Int { 2 }
  static var layer: ParseError.Layer { .macsec }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) { window = FixedBytes(bytes, at: offset) }

  var etherType: EtherType { EtherType(rawValue: window.uint16(at: 0)) }
}

/// The header of IEEE 802.2: service access points of destination and source, and control.
struct LLCHeader: HeaderView, ~Escapable {
  private let window: FixedBytes<3>
  static var byteCount: Int { 3 }
  static var layer: ParseError.Layer { .snap }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at offset: Int) { window = FixedBytes(bytes, at: offset) }

  /// Whether an IPv4 packet follows: access point 6 on both sides, unnumbered information.
  var isIP: Bool { window.uint16(at: 0) == 0x0606 && window.uint8(at: 2) == 3 }
}
