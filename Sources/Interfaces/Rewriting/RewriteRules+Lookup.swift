// SPDX-License-Identifier: BSD-2-Clause
import Wire

// What the rules make of the values of one packet.

extension RewriteRules {
  /// The two addresses of a packet; of IPv4 the low 32 bits.
  struct Addresses: Equatable {
    var source: IPv6Address
    var destination: IPv6Address
  }

  /// What becomes of a link address of one side.
  func linkAddress(_ old: MACAddress, orAll address: MACAddress?) -> MACAddress {
    if let address { return address }
    let maps = linkMaps.span
    for index in maps.indices where maps[index].old == old { return maps[index].new }
    return old
  }

  /// What becomes of a port.
  func port(_ old: UInt16) -> UInt16 {
    let maps = ports.span
    for index in maps.indices where maps[index].old.contains(old) { return maps[index].new }
    return old
  }

  /// What becomes of the addresses of a packet in a step of its loops.
  func addresses(_ old: Addresses, isIPv6: Bool, step: UInt64) -> Addresses {
    var new = Addresses(
      source: Self.mapped(old.source, sourcePrefixes, isIPv6),
      destination: Self.mapped(old.destination, destinationPrefixes, isIPv6))
    new.source = Self.mapped(new.source, prefixes, isIPv6)
    new.destination = Self.mapped(new.destination, prefixes, isIPv6)
    if step != 0 { new.part(by: step, isIPv6: isIPv6) }
    return new
  }

  private static func mapped(
    _ address: IPv6Address, _ maps: [PrefixMap], _ isIPv6: Bool
  ) -> IPv6Address {
    let maps = maps.span
    for index in maps.indices {
      if let new = maps[index].mapped(address, isIPv6: isIPv6) { return new }
    }
    return address
  }
}

extension RewriteRules.Addresses {
  /// Moves the lower address down and the higher one up, or both up if they are the same.
  mutating func part(by step: UInt64, isIPv6: Bool) {
    let (before, after) = (source, destination)
    let isUp =
      before.high == after.high ? before.low >= after.low : before.high > after.high
    source = Self.moved(before, isUp ? step : 0 &- step, isIPv6)
    destination = Self.moved(after, isUp && before != after ? 0 &- step : step, isIPv6)
  }

  /// Adds to the low bits of the address of a single host.
  private static func moved(
    _ address: IPv6Address, _ step: UInt64, _ isIPv6: Bool
  ) -> IPv6Address {
    if address.isAny { return address }
    if isIPv6 {
      return address.isMulticast
        ? address : IPv6Address(high: address.high, low: address.low &+ step)
    }
    let old = IPv4Address(UInt32(truncatingIfNeeded: address.low))
    if old.isMulticast || old.isBroadcast { return address }
    return IPv6Address(high: 0, low: UInt64(old.bits &+ UInt32(truncatingIfNeeded: step)))
  }
}
