// SPDX-License-Identifier: BSD-2-Clause
//
// What an ICMP error quotes: the front of the datagram that went wrong, as whoever it went wrong
// for saw it. It is how an error finds the socket that it is for, and it is written by a stranger:
//
//     ICMP    [ type, code, checksum, rest ][ IP header, options | 8 bytes or more, often cut off ]
//                                            ^ the quote           ^ transportOffset
//
// Its length fields speak of the datagram and not of the quote, and some routers change them; only
// the addresses, the protocol and the first 8 bytes behind the headers are gone by. Ports are known
// only of a first fragment. Of the bytes here:
//
//     transportByteCount == min(8, bytes quoted behind the headers); 0 in a later fragment
//     sourcePort != nil  implies  transportByteCount >= 4 and the protocol has ports

/// The datagram that an ICMP error is about, as far as the error quotes it.
@frozen
public struct QuotedDatagram: Hashable, Sendable, BitwiseCopyable {
  /// Who sent the datagram: the receiver of the error, if that is honest.
  public let source: IPAddress
  /// To whom the datagram went, or to the next router that it had to visit.
  public let destination: IPAddress
  /// What the datagram carries, behind all headers of IP.
  public let `protocol`: IPProtocol
  /// Whether `destination` is the last: no IPv6 routing header has routers still to visit.
  public let isDestinationFinal: Bool
  /// Where the fragment lies in its datagram, in bytes.
  public let fragmentOffset: Int
  /// Where the transport header begins, in bytes from the start of the quote.
  public let transportOffset: Int
  /// Bytes of the transport header that are known: 0...8.
  public let transportByteCount: Int
  /// The first 8 bytes of the transport header, those that are not known as 0.
  public let transportBytes: UInt64

  /// Reads what an ICMP error quotes, which is IPv4: a header, and 8 bytes unless there were fewer.
  ///
  /// - Parameter bytes: what follows the 8 bytes of the ICMP header.
  /// - Throws: `ParseError` of layer `.ipv4`: `.tooShort`, `.badVersion`, `.badHeaderLength`.
  public init(ipv4 bytes: RawSpan) throws(ParseError) {
    let header = try IPv4Header(bytes)
    guard header.version == 4 else {
      throw ParseError(.ipv4, .badVersion, wanted: 4, available: header.version)
    }
    let offset = header.headerByteCount
    guard offset >= 20 else {
      throw ParseError(.ipv4, .badHeaderLength, wanted: 20, available: offset)
    }
    // A datagram may have fewer than 8 bytes behind its header; a total below the header is a lie.
    let total = Int(header.totalLength)
    let least = offset + (offset..<offset + 8 ~= total ? total - offset : 8)
    guard bytes.byteCount >= least else {
      throw ParseError(.ipv4, .tooShort, wanted: least, available: bytes.byteCount)
    }
    self.init(
      source: .v4(header.source), destination: .v4(header.destination),
      protocol: header.protocol, isDestinationFinal: true,
      fragmentOffset: header.fragmentOffset,
      transport: bytes.extracting(0..<min(bytes.byteCount, max(total, least))), at: offset)
  }

  /// Reads what an ICMPv6 error quotes: a header with its extensions, and as much as there was room.
  ///
  /// - Parameter bytes: what follows the 8 bytes of the ICMPv6 header.
  /// - Throws: `ParseError` of layer `.ipv6` or `.ipv6Extension`: `.tooShort`, `.badVersion`; if the
  ///   quote ends within an extension, it is not known what the packet carries.
  public init(ipv6 bytes: RawSpan) throws(ParseError) {
    let header = try IPv6Header(bytes)
    guard header.version == 6 else {
      throw ParseError(.ipv6, .badVersion, wanted: 6, available: header.version)
    }
    var walk = IPv6ExtensionWalk(bytes, nextHeader: header.nextHeader, at: 40)
    var (fragmentOffset, isFinal) = (0, true)
    while let option = try walk.next() {
      if option.kind == .fragment { fragmentOffset = option.fragmentOffset }
      if option.segmentsLeft > 0 { isFinal = false }
    }
    self.init(
      source: .v6(header.source), destination: .v6(header.destination),
      protocol: walk.nextHeader, isDestinationFinal: isFinal, fragmentOffset: fragmentOffset,
      transport: bytes, at: walk.offset)
  }

  private init(
    source: IPAddress, destination: IPAddress, protocol: IPProtocol, isDestinationFinal: Bool,
    fragmentOffset: Int, transport bytes: RawSpan, at offset: Int
  ) {
    self.source = source
    self.destination = destination
    self.protocol = `protocol`
    self.isDestinationFinal = isDestinationFinal
    self.fragmentOffset = fragmentOffset
    transportOffset = offset
    transportByteCount = fragmentOffset == 0 ? min(8, bytes.byteCount - offset) : 0
    var known: UInt64 = 0
    for index in 0..<transportByteCount {
      let byte = FixedBytes<1>(bytes, at: offset + index).uint8(at: 0)
      known |= UInt64(byte) << UInt64(56 - 8 * index)
    }
    transportBytes = known
  }
}

extension QuotedDatagram {
  /// Whether the first four bytes of the transport header are two ports.
  private var hasPorts: Bool {
    guard transportByteCount >= 4 else { return false }
    return switch `protocol` {
    case .tcp, .udp, .udpLite, .sctp: true
    default: false
    }
  }

  /// Port that the datagram was sent from; nil if it has none or the quote does not reach it.
  public var sourcePort: UInt16? {
    hasPorts ? UInt16(truncatingIfNeeded: transportBytes >> 48) : nil
  }

  /// Port that the datagram was sent to; nil if it has none or the quote does not reach it.
  public var destinationPort: UInt16? {
    hasPorts ? UInt16(truncatingIfNeeded: transportBytes >> 32) : nil
  }

  /// Sequence number of a quoted TCP segment, which tells an error from a forged one (RFC 5927).
  public var tcpSequenceNumber: UInt32? {
    `protocol` == .tcp && transportByteCount == 8
      ? UInt32(truncatingIfNeeded: transportBytes) : nil
  }

  /// Whether the datagram is itself an ICMP error; no honest host reports one.
  public var isError: Bool {
    guard transportByteCount > 0 else { return false }
    let type = UInt8(truncatingIfNeeded: transportBytes >> 56)
    return switch `protocol` {
    case .icmp: ICMPType(rawValue: type).isError
    case .icmpv6: ICMPv6Type(rawValue: type).isError
    default: false
    }
  }

  /// Identifier of a quoted ICMP echo, by which its asker is found.
  public var echoIdentifier: UInt16? {
    guard transportByteCount == 8 else { return nil }
    let type = UInt8(truncatingIfNeeded: transportBytes >> 56)
    switch `protocol` {
    case .icmp where ICMPType(rawValue: type) == .echo: break
    case .icmpv6 where ICMPv6Type(rawValue: type) == .echo: break
    default: return nil
    }
    return UInt16(truncatingIfNeeded: transportBytes >> 16)
  }
}

// MARK: - How much to quote

extension ICMPMessageHeader where MessageType == ICMPType {
  /// Bytes of the longest datagram that carries an error (RFC 1812 section 4.3.2.3).
  @inlinable
  public static var errorLimitInBytes: Int { 576 }

  /// Bytes of a datagram that an error quotes.
  ///
  /// - Parameters:
  ///   - datagramByteCount: bytes of the datagram that went wrong, header included.
  ///   - ipHeaderByteCount: bytes of the header of the error's own datagram, 20...60.
  @inlinable
  public static func quotedByteCount(
    of datagramByteCount: Int, ipHeaderByteCount: Int = 20
  ) -> Int {
    precondition(20...60 ~= ipHeaderByteCount, "a header of \(ipHeaderByteCount) bytes")
    return min(datagramByteCount, errorLimitInBytes - ipHeaderByteCount - 8)
  }
}

extension ICMPMessageHeader where MessageType == ICMPv6Type {
  /// Bytes of the longest packet that carries an error (RFC 4443 section 2.4 (c)).
  @inlinable
  public static var errorLimitInBytes: Int { 1280 }

  /// Bytes of a packet that an error quotes.
  ///
  /// - Parameters:
  ///   - packetByteCount: bytes of the packet that went wrong, header included.
  ///   - extensionByteCount: bytes of extension headers in the error's own packet, 0...1232.
  @inlinable
  public static func quotedByteCount(
    of packetByteCount: Int, extensionByteCount: Int = 0
  ) -> Int {
    precondition(0...1232 ~= extensionByteCount, "\(extensionByteCount) bytes of extensions")
    return min(packetByteCount, errorLimitInBytes - 40 - extensionByteCount - 8)
  }
}
