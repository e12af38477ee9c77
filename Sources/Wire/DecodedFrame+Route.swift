// SPDX-License-Identifier: BSD-2-Clause

// Whose addresses the transport's checksum is over, where IP's own are not the last ones:
//
//     IPv4 LSRR, SSRR        the last address of the route, while stops are left       RFC 791, 768
//     routing header 0, 2    the last address                                         RFC 5095, 6275
//                    3       the last one, which may leave out its first bytes         RFC 6554
//                    4       the first one, since segments stand in reverse            RFC 8754
//                    others  nobody knows
//     home address option    the mobile node's home, in place of the source            RFC 6275
//
// The frame keeps IP's own addresses and, in `addressChange`, what the sum has beyond them.

extension DecodedFrame {
  /// Notes what a source route in IPv4's options says of the destination.
  ///
  /// - Parameter options: behind the header's first 20 bytes.
  @inline(never)
  mutating func noteSourceRoute(_ options: RawSpan) {
    var walk = HeaderOptionWalk(options)
    while let option = walk.next() {
      // Kind, length, and a pointer to the next stop that counts from 1; whole addresses behind it.
      guard option.kind == 131 || option.kind == 137, option.byteCount >= 7 else { continue }
      let pointer = Int(FixedBytes<3>(options, at: option.offset).uint8(at: 2))
      guard pointer >= 4, pointer % 4 == 0, pointer + 3 <= option.byteCount else { continue }
      let last = option.offset + 3 + (option.byteCount - 3) / 4 * 4 - 4
      flags.insert(.routed)
      var change = ChecksumChange()
      change.replace(ipv4Destination, by: FixedBytes<4>(options, at: last).ipv4Address(at: 0))
      addressChange = change.folded(0)
      return
    }
  }

  /// Notes what IPv6 extension headers say of the addresses.
  ///
  /// - Parameters:
  ///   - final: the last stop that a routing header named.
  ///   - home: the home address that an option named.
  mutating func noteAddresses(final: IPv6Address?, home: IPv6Address?) {
    if final == nil, home == nil { return }
    var change = ChecksumChange()
    if let final { change.replace(ipv6Destination, by: final) }
    if let home {
      flags.insert(.homeAddress)
      change.replace(ipv6Source, by: home)
    }
    addressChange = change.folded(0)
  }
}

extension IPv6Address {
  /// The last stop of a routing header; nil if its kind does not tell, or it is not long enough.
  ///
  /// - Parameters:
  ///   - header: all bytes of the header.
  ///   - destination: where the packet goes now; a stop may have its first bytes in common with it.
  init?(lastStopOf header: RawSpan, for destination: IPv6Address) {
    let fixed = FixedBytes<8>(header, at: 0)
    guard header.byteCount >= 24 else { return nil }
    switch fixed.uint8(at: 2) {
    case 0, 2: self = FixedBytes<16>(header, at: header.byteCount - 16).ipv6Address(at: 0)
    case 4: self = FixedBytes<16>(header, at: 8).ipv6Address(at: 0)
    case 3:
      let shared = Int(fixed.uint8(at: 4) & 15)
      let end = header.byteCount - Int(fixed.uint8(at: 5) >> 4)
      guard end - (16 - shared) >= 8 else { return nil }
      var words = (high: destination.high, low: destination.low)
      for index in shared..<16 {
        let byte = UInt64(FixedBytes<1>(header, at: end - 16 + index).uint8(at: 0))
        let shift = UInt64(56 - index % 8 * 8)
        if index < 8 {
          words.high = words.high & ~(0xff << shift) | byte << shift
        } else {
          words.low = words.low & ~(0xff << shift) | byte << shift
        }
      }
      self.init(high: words.high, low: words.low)
    default: return nil
    }
  }
}

/// Steps through the options of hop-by-hop and destination options headers (RFC 8200 section 4.2).
///
///     +---------+---------+-----------------+
///     |  type   | length  |  length bytes of data ...      type 0 is one byte and has no length
///     +---------+---------+-----------------+
struct IPv6OptionWalk: ~Escapable {
  private let header: RawSpan
  private var offset = 2

  /// Begins behind the first two bytes of the header.
  @_lifetime(copy header)
  init(_ header: RawSpan) { self.header = header }

  /// The type of the next option and its data; nil at the end, and at one that goes beyond it.
  @_lifetime(self: copy self)
  mutating func next() -> (type: UInt8, data: Range<Int>)? {
    while offset < header.byteCount {
      let type = FixedBytes<1>(header, at: offset).uint8(at: 0)
      if type == 0 {
        offset += 1
        continue
      }
      guard offset + 2 <= header.byteCount else { return nil }
      let start = offset + 2
      let end = start + Int(FixedBytes<1>(header, at: offset + 1).uint8(at: 0))
      guard end <= header.byteCount else { return nil }
      offset = end
      return (type, start..<end)
    }
    return nil
  }
}

extension RawSpan {
  /// The home address of a destination options header; nil if it has none.
  var homeAddress: IPv6Address? {
    var walk = IPv6OptionWalk(self)
    while let option = walk.next() {
      if option.type == 201, option.data.count == 16 {
        return FixedBytes<16>(self, at: option.data.lowerBound).ipv6Address(at: 0)
      }
    }
    return nil
  }

  /// The payload length of a hop-by-hop options header (RFC 2675), above 65,535; nil if it has none.
  var jumboPayloadByteCount: Int? {
    var walk = IPv6OptionWalk(self)
    while let option = walk.next() {
      if option.type == 194, option.data.count == 4 {
        let count = Int(FixedBytes<4>(self, at: option.data.lowerBound).uint32(at: 0))
        return count > 65_535 ? count : nil
      }
    }
    return nil
  }
}
