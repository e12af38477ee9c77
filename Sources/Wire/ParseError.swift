// SPDX-License-Identifier: BSD-2-Clause

/// Says which header could not be read, where, and by how much.
///
///     tcp: too short: wanted 20 bytes at 34, available 6, limited by capture
@frozen
public struct ParseError: Error, Hashable, Sendable, BitwiseCopyable {
  /// The header being read.
  @frozen
  public enum Layer: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
    /// A link header with no name of its own below: NULL, LOOP.
    case link
    /// Ethernet.
    case ethernet
    /// LLC and SNAP in an IEEE 802.3 frame.
    case snap
    /// A VLAN tag, or a redundancy tag.
    case vlan
    /// MACsec.
    case macsec
    /// PPP over Ethernet.
    case pppoe
    /// PPP's protocol.
    case ppp
    /// MPLS labels.
    case mpls
    /// Linux "any" interface, version 1.
    case linuxSLL
    /// Linux "any" interface, version 2.
    case linuxSLL2
    /// ARP.
    case arp
    /// IPv4, options included.
    case ipv4
    /// IPv6, without its extensions.
    case ipv6
    /// An extension header of IPv6.
    case ipv6Extension
    /// UDP.
    case udp
    /// TCP, options included.
    case tcp
    /// ICMP.
    case icmp
    /// ICMPv6.
    case icmpv6
    /// IGMP.
    case igmp
  }

  /// What was wrong with it.
  @frozen
  public enum Reason: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
    /// Fewer bytes than the header takes.
    case tooShort
    /// `wanted` is the version the header should have, `available` the one it has.
    case badVersion
    /// `wanted` is the least (or most) header length allowed, `available` the one claimed.
    case badHeaderLength
    /// A length field claims `wanted` bytes where `available` are, or fewer than its own header.
    case badLength
    /// `wanted` is the value the field must have, `available` the one it has.
    case unsupported
  }

  /// What set the end that was run into.
  @frozen
  public enum Limit: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// The captured bytes of the frame end here.
    case capture
    /// The first contiguous piece ends here; the frame goes on in the next.
    case segment
    /// The IP header's length field.
    case ipTotalLength
    /// The UDP header's length field.
    case udpLength
    /// The packet around the one that is looked at, as of a tunnel.
    case outerPacket
  }

  /// The header being read.
  public let layer: Layer
  /// What was wrong with it.
  public let reason: Reason
  /// What set the end that was run into.
  public let limitedBy: Limit
  // 32 bits each, as the places in a frame: an error is 16 bytes, and is returned in registers.
  @usableFromInline let wantedCount: UInt32
  @usableFromInline let availableCount: UInt32
  @usableFromInline let start: UInt32

  /// Bytes (or the value) that would have done.
  @inlinable
  public var wanted: Int { Int(wantedCount) }
  /// Bytes (or the value) that were there.
  @inlinable
  public var available: Int { Int(availableCount) }
  /// Where the header begins, in bytes from the start of what was parsed.
  @inlinable
  public var offset: Int { Int(start) }

  /// Makes an error out of its parts; numbers from 0 to 2^32 - 1.
  public init(
    _ layer: Layer, _ reason: Reason, wanted: Int, available: Int,
    limitedBy: Limit = .capture, offset: Int = 0
  ) {
    self.layer = layer
    self.reason = reason
    self.limitedBy = limitedBy
    wantedCount = UInt32(clamping: wanted)
    availableCount = UInt32(clamping: available)
    start = UInt32(clamping: offset)
  }

  /// The same, with another end that was run into.
  package func limited(by limit: Limit) -> ParseError {
    ParseError(
      layer, reason, wanted: wanted, available: available, limitedBy: limit, offset: offset)
  }

  // Out of line, so that the check on the fast path stays a compare and a branch.
  @usableFromInline @inline(never)
  static func tooShort(_ layer: Layer, wanted: Int, available: Int) -> ParseError {
    ParseError(layer, .tooShort, wanted: wanted, available: available)
  }
}

extension ParseError {
  /// Where and why a decoding ended, without the numbers.
  public struct Stop: Hashable, Sendable, BitwiseCopyable {
    /// The layer that could not be read.
    public let layer: ParseError.Layer
    /// What was wrong with it.
    public let reason: ParseError.Reason

    /// Where and why.
    public init(layer: ParseError.Layer, reason: ParseError.Reason) {
      self.layer = layer
      self.reason = reason
    }

    /// That of an error.
    public init(_ error: ParseError) {
      self.init(layer: error.layer, reason: error.reason)
    }

    private static let reasonCount = ParseError.Reason.allCases.count

    /// How many there are.
    package static let count = ParseError.Layer.allCases.count * reasonCount

    /// Which of them this is, from 0: in the order of layers, and of reasons within a layer.
    package var number: Int {
      Int(layer.rawValue) * Self.reasonCount + Int(reason.rawValue)
    }

    /// The one with a number.
    ///
    /// - Precondition: `0 <= number < count`.
    package init(number: Int) {
      layer = ParseError.Layer.allCases[number / Self.reasonCount]
      reason = ParseError.Reason.allCases[number % Self.reasonCount]
    }
  }
}

extension ParseError: CustomStringConvertible {
  /// One line: the header, the reason, the numbers.
  public var description: String {
    switch reason {
    case .tooShort:
      "\(layer): too short: wanted \(wanted) bytes at \(offset), available \(available), "
        + "limited by \(limitedBy)"
    case .badVersion:
      "\(layer): bad version \(available) at \(offset), wanted \(wanted)"
    case .badHeaderLength:
      "\(layer): bad header length \(available) at \(offset), wanted \(wanted)"
    case .badLength:
      "\(layer): bad length field at \(offset): wanted \(wanted) bytes, available \(available), "
        + "limited by \(limitedBy)"
    case .unsupported:
      "\(layer): unsupported value \(available) at \(offset), wanted \(wanted)"
    }
  }
}
