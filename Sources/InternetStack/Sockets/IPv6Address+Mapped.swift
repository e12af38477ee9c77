// SPDX-License-Identifier: BSD-2-Clause
import Wire

// An IPv4 address as one of IPv6, ::ffff:a.b.c.d, so that tables have keys of one width
// (RFC 4291, 2.5.5.2). No packet carries it.

extension IPv6Address {
  /// The form that an IPv4 address has in tables of both families.
  @inline(__always)
  init(mapping address: IPv4Address) {
    self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address.bits))
  }

  /// The form that an address of either family has in tables of both.
  @inline(__always)
  init(_ address: IPAddress) {
    switch address {
    case .v4(let v4): self.init(mapping: v4)
    case .v6(let v6): self = v6
    }
  }

  /// The IPv4 address that this stands for; nil if it is one of IPv6.
  @inline(__always)
  var mappedIPv4: IPv4Address? {
    high == 0 && low >> 32 == 0xffff ? IPv4Address(UInt32(truncatingIfNeeded: low)) : nil
  }
}
