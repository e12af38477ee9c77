// SPDX-License-Identifier: BSD-2-Clause
//
// How a datagram leaves: by which interface, to which neighbour, in pieces of what length.
//
//     destination                    interface                            hop
//     ---------------------------    ---------------------------------    ---------------------
//     one of ours                    none: it comes back in               -
//     0/8, ::, 127/8, ::1            none: nobody is there                -        RFC 1122, 3.2.1.3
//     all hosts, a group             the socket's, else the default       the destination
//                                    route's, else the first
//     fe80::/10                      the socket's, else the first         the destination
//     any other                      the longest prefix's                 its gateway, else the
//                                                                         destination
//
// The path MTU of the destination, where a router told one, is looked up behind it: IP output.

import Interfaces
import Wire

/// How a datagram leaves.
struct Path: BitwiseCopyable {
  /// The index of the interface.
  var interface: Int
  /// The next host on the way.
  var hop: IPAddress
  /// The longest datagram that the link takes in one piece.
  var mtu: Int
  /// Whether the stack sends to itself.
  var isLoop = false
}

extension InternetStack {
  /// How a datagram to `destination` leaves; nil if there is no way.
  ///
  /// BSD: `fib4_lookup`, `fib6_lookup`.
  @inline(__always)
  mutating func path(to destination: IPAddress, on interface: InterfaceID?) -> Path? {
    switch destination {
    case .v4(let address):
      if !policy.acceptsLocalSources, addresses.contains(address) { return loop(to: destination) }
      if address.bits >> 24 == 0 || (address.isLoopback && !policy.acceptsLocalSources) {
        return nil
      }
      if address.isMulticast || address.isBroadcast {
        return path(byLinkTo: destination, on: interface)
      }
      return path(by: routes.lookup(address), to: destination)
    case .v6(let address):
      if !policy.acceptsLocalSources, addresses.contains(address) { return loop(to: destination) }
      if address.isAny || (address.isLoopback && !policy.acceptsLocalSources) { return nil }
      if address.isMulticast || address.isLinkLocal {
        return path(byLinkTo: destination, on: interface)
      }
      return path(by: routes.lookup(address), to: destination)
    }
  }

  @inline(__always)
  private func path(by route: Route?, to destination: IPAddress) -> Path? {
    guard let route else { return nil }
    let index = Int(route.interface)
    return Path(
      interface: index, hop: route.gateway ?? destination,
      mtu: route.mtu ?? interfaces[index].mtu)
  }

  @inline(never)
  private func loop(to destination: IPAddress) -> Path {
    Path(interface: 0, hop: destination, mtu: 65_535, isLoop: true)
  }

  /// What all of a link may hear does not ask for a route but for a link.
  @inline(never)
  private mutating func path(
    byLinkTo destination: IPAddress, on interface: InterfaceID?
  ) -> Path? {
    guard interfaces.count > 0 else { return nil }
    let byDefault =
      switch destination {
      case .v4: routes.lookup(IPv4Address.any)
      case .v6(let address): address.isLinkLocal ? nil : routes.lookup(IPv6Address.any)
      }
    let index = Int(interface?.index ?? byDefault?.interface ?? 0)
    precondition(index < interfaces.count, "interface \(index) of \(interfaces.count)")
    return Path(interface: index, hop: destination, mtu: interfaces[index].mtu)
  }

  /// The address of ours that a datagram on a path is sent from.
  ///
  /// BSD: `in_pcbladdr`, `in6_selectsrc`.
  func source(for destination: IPAddress, on path: Path) -> IPAddress? {
    if path.isLoop { return destination }
    let interface = UInt16(path.interface)
    return switch destination {
    case .v4(let address): addresses.source(for: address, on: interface).map { .v4($0) }
    case .v6(let address): addresses.source(for: address, on: interface).map { .v6($0) }
    }
  }
}
