// SPDX-License-Identifier: BSD-2-Clause

// Which addresses a host listens to, and the link addresses that go with them.
//
//     solicited node   ff02::1:ff00:0/104  | low 24 bits of the address          RFC 4291, 2.7.1
//     interface id     MAC with ff:fe in the middle and the universal bit turned RFC 4291, app. A
//     Ethernet group   33:33 | low 32 bits of an IPv6 group                      RFC 2464, 7
//                      01:00:5e | low 23 bits of an IPv4 group                   RFC 1112, 6.4

extension IPv6Address {
  /// How far packets to a group of hosts go (RFC 4291 section 2.7, RFC 7346).
  @frozen
  public struct Scope: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire: 0...15.
    public let rawValue: UInt8

    /// Takes any number.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// Not beyond the host.
    @inlinable public static var interfaceLocal: Scope { Scope(rawValue: 1) }
    /// Not beyond the link.
    @inlinable public static var linkLocal: Scope { Scope(rawValue: 2) }
    /// Not beyond a realm of links (RFC 7346).
    @inlinable public static var realmLocal: Scope { Scope(rawValue: 3) }
    /// Not beyond what an administrator configured.
    @inlinable public static var adminLocal: Scope { Scope(rawValue: 4) }
    /// Not beyond the site.
    @inlinable public static var siteLocal: Scope { Scope(rawValue: 5) }
    /// Not beyond the organization.
    @inlinable public static var organizationLocal: Scope { Scope(rawValue: 8) }
    /// Everywhere.
    @inlinable public static var global: Scope { Scope(rawValue: 14) }
  }

  /// How far packets to this group go; nil if this names no group.
  @inlinable
  public var multicastScope: Scope? {
    isMulticast ? Scope(rawValue: UInt8(truncatingIfNeeded: high >> 48) & 0xf) : nil
  }

  /// `ff02::1`, every host on this link.
  @inlinable
  public static var allNodes: IPv6Address { IPv6Address(high: 0xff02 << 48, low: 1) }

  /// `ff02::2`, every router on this link.
  @inlinable
  public static var allRouters: IPv6Address { IPv6Address(high: 0xff02 << 48, low: 2) }

  /// `ff02::16`, every router that keeps track of groups on this link (RFC 3810).
  @inlinable
  public static var allListenerRouters: IPv6Address { IPv6Address(high: 0xff02 << 48, low: 0x16) }

  /// The group where whoever has this address is asked for its link address.
  @inlinable
  public var solicitedNodeGroup: IPv6Address {
    IPv6Address(high: 0xff02 << 48, low: 0x1_ff00_0000 | low & 0xff_ffff)
  }

  /// Whether this is the group of some address: `ff02::1:ff00:0/104`.
  @inlinable
  public var isSolicitedNodeGroup: Bool { high == 0xff02 << 48 && low >> 24 == 0x1ff }

  /// Makes an address of this link out of the link address of an interface.
  @inlinable
  public init(linkLocalFor address: MACAddress) {
    self.init(high: 0xfe80 << 48, low: address.interfaceIdentifier)
  }
}

extension IPv4Address {
  /// 224.0.0.1, every host on this link.
  @inlinable
  public static var allHosts: IPv4Address { IPv4Address(0xe000_0001) }

  /// 224.0.0.2, every router on this link.
  @inlinable
  public static var allRouters: IPv4Address { IPv4Address(0xe000_0002) }

  /// 224.0.0.22, every router that keeps track of groups on this link (RFC 3376).
  @inlinable
  public static var allMembershipRouters: IPv4Address { IPv4Address(0xe000_0016) }
}

extension MACAddress {
  /// The low half of an IPv6 address made out of this (RFC 4291 appendix A).
  @inlinable
  public var interfaceIdentifier: UInt64 {
    let (upper, lower) = (bits >> 24, bits & 0xff_ffff)
    return (upper ^ 0x02_0000) << 40 | 0xfffe << 24 | lower
  }

  /// The stations that listen to a group of IPv4 hosts; 32 groups share one (RFC 1112).
  ///
  /// - Precondition: `group` is multicast.
  @inlinable
  public init(group: IPv4Address) {
    precondition(group.isMulticast, "no group: 0x\(String(group.bits, radix: 16))")
    self.init(0x0100_5e00_0000 | UInt64(group.bits & 0x7f_ffff))
  }

  /// The stations that listen to a group of IPv6 hosts (RFC 2464 section 7).
  ///
  /// - Precondition: `group` is multicast.
  @inlinable
  public init(group: IPv6Address) {
    precondition(group.isMulticast, "no group: 0x\(String(group.high, radix: 16))")
    self.init(0x3333_0000_0000 | group.low & 0xffff_ffff)
  }
}
