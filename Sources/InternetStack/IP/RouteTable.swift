// SPDX-License-Identifier: BSD-2-Clause
//
//     lookup(address) -> trie of its family -> value -> way
//
//     prefixCount == prefixes of IPv4 + prefixes of IPv6 == sum of the uses of the ways
//
// A way is what packets need; that two prefixes lead the same way costs nothing.

import Wire

/// Which way datagrams go: the longest prefix that a destination lies in says it.
///
/// BSD: `struct fib_data`, `struct rib_head`.
struct RouteTable: ~Copyable, Sendable {
  private var ways = RouteWays()
  private var v4 = RouteTrie()
  private var v6 = RouteTrie()

  init() {}

  /// Prefixes of both families.
  var prefixCount: Int { v4.routes.count + v6.routes.count }

  /// Bytes that searches read.
  var byteCount: Int { v4.byteCount + v6.byteCount + ways.byteCount }

  /// The way to an IPv4 address.
  ///
  /// - Complexity: O(log prefixes that share the first 16 bits).
  ///
  /// BSD: `fib4_lookup`.
  @inline(__always)
  func lookup(_ address: IPv4Address) -> Route? {
    let way = v4.way(UInt64(address.bits) << 32, 0)
    return way == 0 ? nil : ways[way]
  }

  /// The way to an IPv6 address.
  ///
  /// - Complexity: O(log prefixes) for each 16 bits that some prefix shares with it.
  ///
  /// BSD: `fib6_lookup`.
  @inline(__always)
  func lookup(_ address: IPv6Address) -> Route? {
    let way = v6.way(address.high, address.low)
    return way == 0 ? nil : ways[way]
  }

  /// The way to an address of either family.
  func lookup(_ address: IPAddress) -> Route? {
    switch address {
    case .v4(let address): lookup(address)
    case .v6(let address): lookup(address)
    }
  }

  /// The way of exactly this prefix.
  subscript(prefix: IPPrefix) -> Route? {
    let key = Self.key(prefix)
    let way = Self.isIPv4(prefix) ? v4.routes[key] : v6.routes[key]
    return way.map { ways[$0] }
  }

  /// Gives a prefix a way; returns the one that it had.
  @discardableResult
  mutating func insert(_ prefix: IPPrefix, _ route: Route) -> Route? {
    let way = ways.retain(route)
    let key = Self.key(prefix)
    return old(Self.isIPv4(prefix) ? v4.insert(key, way: way) : v6.insert(key, way: way))
  }

  /// Takes a prefix out; returns the way that it had.
  @discardableResult
  mutating func remove(_ prefix: IPPrefix) -> Route? {
    let key = Self.key(prefix)
    return old(Self.isIPv4(prefix) ? v4.remove(key) : v6.remove(key))
  }

  private mutating func old(_ way: UInt32) -> Route? {
    guard way != 0 else { return nil }
    let route = ways[way]
    ways.release(way)
    return route
  }

  /// Shows each prefix and its way, those of IPv4 first, in the order of their addresses.
  ///
  /// - Complexity: O(n log n).
  func forEach(_ body: (IPPrefix, Route) -> Void) {
    func show(_ routes: [RoutePrefix: UInt32], _ address: (RoutePrefix) -> IPAddress) {
      let sorted = routes.sorted {
        ($0.key.high, $0.key.low, $0.key.length) < ($1.key.high, $1.key.low, $1.key.length)
      }
      for (key, way) in sorted {
        guard let prefix = IPPrefix(address(key), length: key.length) else { continue }
        body(prefix, ways[way])
      }
    }
    show(v4.routes) { .v4(IPv4Address(UInt32(truncatingIfNeeded: $0.high >> 32))) }
    show(v6.routes) { .v6(IPv6Address(high: $0.high, low: $0.low)) }
  }

  private static func isIPv4(_ prefix: IPPrefix) -> Bool {
    if case .v4 = prefix.address { true } else { false }
  }

  private static func key(_ prefix: IPPrefix) -> RoutePrefix {
    switch prefix.address {
    case .v4(let address):
      RoutePrefix(high: UInt64(address.bits) << 32, low: 0, length: prefix.length)
    case .v6(let address):
      RoutePrefix(high: address.high, low: address.low, length: prefix.length)
    }
  }

  /// Traps if a trie contradicts itself, or a way is miscounted.
  func checkInvariants() {
    v4.checkInvariants()
    v6.checkInvariants()
    ways.checkInvariants(prefixCount: prefixCount)
  }
}
