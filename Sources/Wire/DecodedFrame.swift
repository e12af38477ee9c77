// SPDX-License-Identifier: BSD-2-Clause

/// What the headers of one frame say: link, tags, network and transport, by value.
///
///     | link | tags | network header | extensions | transport | payload     | padding |
///     0             networkOffset                 transportOffset           end of IP
///                                                             payloadOffset
///
/// Only the outermost packet is looked at; what a tunnel or an ICMP error carries is payload.
/// The payload ends where IP and UDP say, never with the frame: padding stays out of it. A fragment
/// that is not the first has no transport, since its bytes are no header.
///
/// Invariants, for any bytes whatever:
///
///     networkOffset <= transportOffset <= payloadOffset
///     payloadOffset + declaredPayloadByteCount <= wireByteCount        while payloadOffset is
///     payloadOffset + payloadByteCount         <= capturedByteCount    inside the frame
///     payloadByteCount <= declaredPayloadByteCount
@frozen
public struct DecodedFrame: Hashable, Sendable, BitwiseCopyable {
  /// What the first header is.
  @frozen
  public enum Link: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// The link type is not known; nothing was read.
    case unsupported
    /// Ethernet II.
    case ethernet
    /// IEEE 802.3, with a length and an LLC header.
    case length
    /// An IP header and nothing before it.
    case raw
    /// BSD loopback, in the order of the host that captured.
    case null
    /// OpenBSD loopback, in network order.
    case loop
    /// Linux "any" interface, version 1.
    case linuxSLL
    /// Linux "any" interface, version 2.
    case linuxSLL2
  }

  /// What the outermost network layer is, as the link header names it.
  @frozen
  public enum Network: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// The walk did not come so far.
    case none
    /// IPv4.
    case ipv4
    /// IPv6.
    case ipv6
    /// ARP.
    case arp
    /// Something else; `etherType` may tell.
    case other
  }

  /// What the outermost network layer carries, as its header names it.
  @frozen
  public enum Transport: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// The walk did not come so far, or the frame is a fragment other than the first.
    case none
    /// UDP.
    case udp
    /// TCP.
    case tcp
    /// ICMP, over IPv4.
    case icmp
    /// ICMPv6.
    case icmpv6
    /// Something else; `protocol` may tell.
    case other
  }

  /// Facts about the frame that are true or not.
  @frozen
  public struct Flags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// The bits.
    public let rawValue: UInt16

    /// Takes the bits.
    @inlinable @inline(__always)
    public init(rawValue: UInt16) {
      self.rawValue = rawValue
    }

    /// IPv4: more fragments, or an offset; IPv6: a fragment header, even if of a whole datagram.
    @inlinable public static var fragment: Flags { Flags(rawValue: 1) }
    /// More fragments follow.
    @inlinable public static var moreFragments: Flags { Flags(rawValue: 2) }
    /// The capture ends before the network layer does.
    @inlinable public static var truncated: Flags { Flags(rawValue: 4) }
    /// The network header was there, and its version and lengths made sense.
    @inlinable public static var networkHeader: Flags { Flags(rawValue: 8) }
    /// The transport header was there: ports and checksum field count.
    @inlinable public static var transportHeader: Flags { Flags(rawValue: 16) }
    /// A length field claims more than there is.
    @inlinable public static var badLength: Flags { Flags(rawValue: 32) }
    /// A source route has stops left, of IPv4's options or of an IPv6 routing header: the destination is
    /// not the final one.
    @inlinable public static var routed: Flags { Flags(rawValue: 64) }
    /// IP leaves its length to the frame, as a packet does that the sender's hardware will cut up.
    @inlinable public static var openLength: Flags { Flags(rawValue: 128) }
    /// The length of an IEEE 802.3 frame, or of a PPPoE session, claims more than the frame had on the wire.
    @inlinable public static var badLinkLength: Flags { Flags(rawValue: 256) }
    /// The walk ended where the first piece does; more contiguous bytes would bring it further.
    @inlinable public static var cutBySegment: Flags { Flags(rawValue: 512) }

    /// A source route has stops left and does not tell the final destination.
    @inlinable public static var unknownDestination: Flags { Flags(rawValue: 1_024) }
    /// An authentication header stands before the transport.
    @inlinable public static var authenticated: Flags { Flags(rawValue: 2_048) }
    /// An option of IPv6 names the sender's home, which stands for the source.
    @inlinable public static var homeAddress: Flags { Flags(rawValue: 4_096) }

    // Sets as numbers: of a literal the compiler may make an array on the heap.

    /// Both headers were there.
    @inlinable @inline(__always)
    static var bothHeaders: Flags { Flags(rawValue: 8 | 16) }
    /// What keeps a checksum from being verified.
    @inlinable @inline(__always)
    static var unverifiable: Flags { Flags(rawValue: 2 | 4 | 32 | 1_024) }
    /// What keeps a stack from taking the packet: a length that is not to be believed, stops that are
    /// left, authentication that nobody verifies.
    @inlinable @inline(__always)
    package static var unacceptable: Flags { Flags(rawValue: 4 | 32 | 64 | 128 | 256 | 2_048) }
  }

  /// What the first header is.
  public var link: Link = .unsupported
  /// What the outermost network layer is.
  public var network: Network = .none
  /// What the outermost network layer carries.
  public var transport: Transport = .none
  /// Whether IPv4's header checksum is right; nil in other frames.
  public var ipv4HeaderChecksum: ChecksumResult? = nil
  /// Facts that are true or not.
  public var flags: Flags = []
  /// The protocol behind IP's headers, also in fragments that are not the first.
  public var `protocol` = IPProtocol(rawValue: 0)
  /// What the link header and tags say follows; for raw IP, what its version says.
  public var etherType = EtherType(rawValue: 0)
  /// The VLAN tags.
  public var tags = VLANTags()
  /// Port of the sender, of UDP and TCP; else 0.
  public var sourcePort: UInt16 = 0
  /// Port of the receiver, of UDP and TCP; else 0.
  public var destinationPort: UInt16 = 0
  /// The checksum field of UDP, TCP, ICMP and ICMPv6; else 0.
  public var transportChecksum: UInt16 = 0

  /// What the pseudo-header has beyond source and destination, in ones' complement: where a source route
  /// names another destination, or a mobile node its home, the difference.
  @usableFromInline var addressChange: UInt16 = 0

  // Where things are, in bytes from the start of the frame. 32 bits hold any frame a capture may
  // have, and half the words to write.
  @usableFromInline var networkStart: UInt32 = 0
  @usableFromInline var networkHeaderCount: UInt32 = 0
  @usableFromInline var networkCount: UInt32 = 0
  @usableFromInline var transportStart: UInt32 = 0
  @usableFromInline var transportCount: UInt32 = 0
  @usableFromInline var payloadStart: UInt32 = 0
  @usableFromInline var payloadCount: UInt32 = 0
  @usableFromInline var declaredPayloadCount: UInt32 = 0
  @usableFromInline var fragmentStart: UInt32 = 0

  // An IPv4 address is the low 32 bits.
  @usableFromInline var sourceBits = IPv6Address.any
  @usableFromInline var destinationBits = IPv6Address.any

  /// The first thing found wrong: where and why the walk stopped, or went on with less.
  ///
  /// Nil if all is well, and for what is merely unknown.
  public var stop: ParseError? = nil

  @inlinable @inline(__always)
  init() {}

  /// Bytes that, when contiguous, hold the headers of every frame but one with very long IPv6
  /// extensions: the longest link header, four tags, 60 of IP and 60 of TCP.
  @inlinable
  public static var sufficientByteCount: Int { 136 + LinkType.longestHeaderByteCount }

  /// Decodes a frame as far as it goes.
  ///
  /// If `flags` contain `.cutBySegment`, more contiguous bytes would have brought the walk further.
  ///
  /// - Parameters:
  ///   - bytes: the first contiguous bytes of the frame, at least `sufficientByteCount` or all.
  ///   - linkType: how the frame begins.
  ///   - capturedByteCount: bytes of the frame that were captured, in all pieces.
  ///   - wireByteCount: bytes the frame had on the wire; less than captured counts as captured.
  /// - Precondition: `bytes.byteCount <= capturedByteCount`.
  @inlinable @inline(__always)
  public init(
    lax bytes: RawSpan, linkType: LinkType, capturedByteCount: Int, wireByteCount: Int
  ) {
    self.init()
    // Ethernet, IPv4 without options or fragments, UDP, all lengths within: three of four frames.
    let start = EthernetHeader.byteCount
    if linkType == .ethernet, bytes.byteCount >= start + Self.plainUDPByteCount,
      bytes.byteCount <= capturedByteCount,
      EthernetHeader(bytes, at: 0).etherType == .ipv4,
      notePlainUDP(bytes, at: start, before: capturedByteCount)
    {
      link = .ethernet
      etherType = .ipv4
    } else if linkType.isRaw, bytes.byteCount >= Self.plainUDPByteCount,
      bytes.byteCount <= capturedByteCount, notePlainUDP(bytes, at: 0, before: capturedByteCount)
    {
      link = .raw
      etherType = .ipv4
    } else {
      self = DecodedFrame(
        walking: bytes, linkType: linkType, capturedByteCount: capturedByteCount,
        wireByteCount: wireByteCount)
    }
  }

  /// Decodes a frame that must make sense and be whole.
  ///
  /// What is merely unknown (another EtherType, another protocol) is no error.
  ///
  /// - Throws: `ParseError` for the first header that is cut or wrong, and for a network layer
  ///   that the capture cut short.
  /// - Precondition: `bytes.byteCount <= capturedByteCount`.
  @inlinable
  public init(
    strict bytes: RawSpan, linkType: LinkType, capturedByteCount: Int, wireByteCount: Int
  ) throws(ParseError) {
    self.init(
      lax: bytes, linkType: linkType, capturedByteCount: capturedByteCount,
      wireByteCount: wireByteCount)
    if let stop { throw stop }
    if flags.contains(.truncated) {
      throw ParseError(
        network == .ipv6 ? .ipv6 : .ipv4, .badLength, wanted: ipTotalByteCount,
        available: capturedByteCount - networkOffset, offset: networkOffset)
    }
  }
}
