// SPDX-License-Identifier: BSD-2-Clause
//
// A link type that can be decoded is known in these places; a new one is added to each:
//
//     here                               its number, `headerByteCount`, `name`; `longestHeaderByteCount`
//                                        if its header is
//     a file of its own                  the view of its header, as in LinuxSLL2Header.swift
//     ParseError.Layer                   the layer that a short header is told by
//     DecodedFrame.Link                  what the first header is            DecodedFrame.swift
//     DecodedFrame.walkLinkHeader        the step that reads it              DecodedFrame+Link.swift
//
// The compiler does not ask for a case in switches over numbers; LinkTypeTests does: a type that has
// one of `headerByteCount`, a name and a step of the walk has all three. A header whose length differs
// from frame to frame needs a walk that returns it, since now it returns `headerByteCount`; what asks for
// that property (a link's longest packet, AF_XDP) then needs its upper bound. A header that wraps another
// link type walks that one behind its own.
//
// An interface that has the type is told by `SlotRing.linkType` (HostInterfaces), packet_socket.c (CLinux)
// and InterfaceFacts.swift (the command's doctor); a capture whose frames may be longer than 256 KiB, by
// `frameByteLimit` (LinkType+File.swift).

/// How the frames of a capture begin: the DLT number that libpcap's functions give.
///
/// A file holds LINKTYPE numbers, which differ for a few types; raw IP is 101 in a file and 12
/// (on some systems 14) here, so all three mean raw IP.
@frozen
public struct LinkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number.
  public let rawValue: UInt32

  /// Takes any number; see `isSupported`.
  @inlinable @inline(__always)
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// BSD loopback: four bytes of address family in the order of the host that captured.
  @inlinable public static var null: LinkType { LinkType(rawValue: 0) }
  /// Ethernet.
  @inlinable public static var ethernet: LinkType { LinkType(rawValue: 1) }
  /// An IP packet of either version and nothing before it.
  @inlinable public static var raw: LinkType { LinkType(rawValue: 12) }
  /// OpenBSD loopback: four bytes of address family in network order.
  @inlinable public static var loop: LinkType { LinkType(rawValue: 108) }
  /// Linux "any" interface, version 1.
  @inlinable public static var linuxSLL: LinkType { LinkType(rawValue: 113) }
  /// An IPv4 packet and nothing before it.
  @inlinable public static var ipv4: LinkType { LinkType(rawValue: 228) }
  /// An IPv6 packet and nothing before it.
  @inlinable public static var ipv6: LinkType { LinkType(rawValue: 229) }
  /// Linux "any" interface, version 2.
  @inlinable public static var linuxSLL2: LinkType { LinkType(rawValue: 276) }

  /// The longest `headerByteCount` of all.
  @inlinable package static var longestHeaderByteCount: Int { LinuxSLL2Header.byteCount }

  /// Whether this is raw IP under any of its numbers.
  @inlinable
  public var isRaw: Bool { rawValue == 12 || rawValue == 14 || rawValue == 101 }

  /// Bytes of the link header, tags behind it not counted; nil if frames of this type cannot be
  /// decoded.
  public var headerByteCount: Int? {
    switch self {
    case .null, .loop: LoopbackHeader.byteCount
    case .ethernet: EthernetHeader.byteCount
    case .linuxSLL: LinuxSLLHeader.byteCount
    case .linuxSLL2: LinuxSLL2Header.byteCount
    case .ipv4, .ipv6: 0
    default: isRaw ? 0 : nil
    }
  }

  /// Whether frames of this type can be decoded.
  public var isSupported: Bool { headerByteCount != nil }

  /// The name by which capture tools know the type: `EN10MB`; the number for others.
  public var name: String {
    switch self {
    case .null: "NULL"
    case .ethernet: "EN10MB"
    case .loop: "LOOP"
    case .linuxSLL: "LINUX_SLL"
    case .ipv4: "IPV4"
    case .ipv6: "IPV6"
    case .linuxSLL2: "LINUX_SLL2"
    default: isRaw ? "RAW" : "DLT_\(rawValue)"
    }
  }
}

extension LinkType: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}
