// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import Wire

/// A frame as a list of values, which is put together from scratch, checksums and all.
///
/// It knows nothing of decoding, and nothing of changing a checksum: rules change its values, and the
/// bytes are made anew.
struct RewriteModel {
  enum Checksum { case valid, wrong(UInt16), none, partial }
  enum Network { case ipv4, ipv6, arp, other }

  var isEthernet = true
  var macs: (destination: [UInt8], source: [UInt8]) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
  var tags: [(type: UInt16, control: UInt16)] = []
  var network = Network.ipv4
  var source: [UInt8] = [10, 0, 0, 1]
  var destination: [UInt8] = [10, 0, 0, 2]
  var hops: UInt8 = 64
  /// Options of IPv4, or extension headers of IPv6 that the fragment header follows.
  var options: [UInt8] = []
  var firstExtension: UInt8?
  /// The last stop of a routing header that has stops to go: what the sum is over.
  var lastStop: [UInt8]?
  var isHeaderWrongBy: UInt16 = 0
  var transport: UInt8 = 17
  var ports: (source: UInt16, destination: UInt16) = (1_000, 53)
  var identification: UInt16 = 0x1234
  var sequence: UInt32 = 1
  var tcpFlags: UInt8 = 0x18
  var checksum = Checksum.valid
  var payload: [UInt8] = [1, 2, 3, 4, 5]
  /// The part of the transport's bytes that the frame has, if it is a fragment.
  var fragment: Range<Int>?
  var padding = 0

  var isIPv6: Bool { network == .ipv6 }
  var hasPorts: Bool { [6, 17, 136].contains(transport) }

  var checksumOffset: Int? {
    switch transport {
    case 6: 16
    case 17, 136: 6
    case 1: 2
    case 58: 2
    default: nil
    }
  }

  /// The frame's bytes.
  var bytes: [UInt8] { linkBytes + networkBytes + [UInt8](repeating: 0x55, count: padding) }

  var linkBytes: [UInt8] {
    guard isEthernet else { return [] }
    var bytes = macs.destination + macs.source
    for tag in tags { bytes += Self.two(tag.type) + Self.two(tag.control) }
    let type: UInt16 =
      switch network {
      case .ipv4: 0x0800
      case .ipv6: 0x86dd
      case .arp: 0x0806
      case .other: 0x88cc
      }
    return bytes + Self.two(type)
  }

  /// Bytes of the IP header, and those before it.
  var transportOffset: Int {
    linkBytes.count
      + (isIPv6 ? 40 + options.count + (fragment == nil ? 0 : 8) : 20 + options.count)
  }

  var networkBytes: [UInt8] {
    let whole = transportBytes
    let part = fragment.map { Array(whole[$0]) } ?? whole
    let hasMore = fragment.map { $0.upperBound < whole.count } ?? false
    let offset = fragment?.lowerBound ?? 0
    switch network {
    case .other: return payload
    case .arp:
      return [0, 1, 8, 0, 6, 4, 0, 1] + macs.source + source + [0, 0, 0, 0, 0, 0] + destination
    case .ipv4:
      var header: [UInt8] = [0x45 + UInt8(options.count / 4), 0]
      header += Self.two(UInt16(20 + options.count + part.count))
      header += Self.two(identification)
      header += Self.two(UInt16(offset / 8) | (hasMore ? 0x2000 : 0))
      header += [hops, transport, 0, 0] + source + destination + options
      let sum = ~Self.sum(header)
      header.replaceSubrange(10..<12, with: Self.two(Self.add(sum, isHeaderWrongBy)))
      return header + part
    case .ipv6:
      var extensions = options
      let next = firstExtension ?? (fragment == nil ? transport : 44)
      if fragment != nil {
        if !options.isEmpty { extensions[0] = 44 }
        extensions += [transport, 0] + Self.two(UInt16(offset) | (hasMore ? 1 : 0)) + [0, 0, 0, 9]
      }
      return [0x60, 0, 0, 0] + Self.two(UInt16(extensions.count + part.count)) + [next, hops]
        + source + destination + extensions + part
    }
  }

  /// Has a wrong checksum be wrong by more where it is by chance what a sender leaves to its device,
  /// which nobody can tell from that.
  mutating func keepWrongFromPartial() {
    guard case .wrong(let difference) = checksum else { return }
    var partial = self
    partial.checksum = .partial
    if partial.transportBytes == transportBytes { checksum = .wrong(Self.add(difference, 1)) }
  }

  private var transportBytes: [UInt8] {
    var bytes: [UInt8]
    switch transport {
    case 6:
      bytes = Self.two(ports.source) + Self.two(ports.destination)
      bytes += Self.two(UInt16(sequence >> 16)) + Self.two(UInt16(truncatingIfNeeded: sequence))
      bytes += [0, 0, 0, 2, 0x50, tcpFlags, 4, 0, 0, 0, 0, 0] + payload
    case 17, 136:
      bytes = Self.two(ports.source) + Self.two(ports.destination)
      bytes += Self.two(UInt16(8 + payload.count)) + [0, 0] + payload
    case 1, 58: bytes = [128, 0, 0, 0, 0, 1, 0, 2] + payload
    default: return payload
    }
    guard let place = checksumOffset else { return bytes }
    var pseudo: [UInt8] = []
    if transport != 1 {
      pseudo = source + (lastStop ?? destination) + Self.two(UInt16(bytes.count))
      pseudo += [0, transport]
    }
    var field: UInt16 = ~Self.sum(pseudo + bytes)
    switch checksum {
    case .valid: break
    case .wrong(let difference): field = Self.add(field, difference)
    case .none: field = 0
    case .partial: field = Self.sum(pseudo)
    }
    if transport == 17 || transport == 136, field == 0 {
      if case .none = checksum {} else { field = 0xffff }
    }
    bytes.replaceSubrange(place..<place + 2, with: Self.two(field))
    return bytes
  }

  static func two(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

  /// The sum of two numbers in ones' complement.
  static func add(_ one: UInt16, _ other: UInt16) -> UInt16 {
    if other == 0 { return one }
    let sum = Int(one) + Int(other)
    return UInt16(sum > 0xffff ? sum - 0xffff : sum)
  }

  static func sum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt16 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      let low = index + 1 < bytes.count ? bytes[index + 1] : 0
      sum = add(sum, UInt16(bytes[index]) << 8 | UInt16(low))
    }
    return sum
  }
}

// MARK: - The rules, bit by bit

extension RewriteModel {
  mutating func apply(_ rules: RewriteRules, loop: Int) {
    if isEthernet { applyLink(rules) }
    if network == .other { return }
    source = Self.map(Self.map(source, rules.sourcePrefixes), rules.prefixes)
    destination = Self.map(Self.map(destination, rules.destinationPrefixes), rules.prefixes)
    if let each = rules.loopsPerStep { part(by: loop / each) }
    if network == .arp { return }
    switch rules.hops {
    case .set(let value): hops = value
    case .raise(let count): hops = UInt8(min(255, Int(hops) + Int(count)))
    case .lower(let count): hops = UInt8(max(1, Int(hops) - Int(count)))
    case nil: break
    }
    guard hasPorts, fragment?.lowerBound ?? 0 == 0 else { return }
    for map in rules.ports where map.old.contains(ports.source) {
      ports.source = map.new
      break
    }
    for map in rules.ports where map.old.contains(ports.destination) {
      ports.destination = map.new
      break
    }
  }

  private mutating func applyLink(_ rules: RewriteRules) {
    func mapped(_ address: [UInt8], _ all: MACAddress?) -> [UInt8] {
      let said = MACAddress(address.reduce(0) { $0 << 8 | UInt64($1) })
      let new = all ?? rules.linkMaps.first { $0.old == said }?.new ?? said
      return (0..<6).map { UInt8(truncatingIfNeeded: new.bits >> UInt64(40 - 8 * $0)) }
    }
    macs.destination = mapped(macs.destination, rules.linkDestination)
    if network != .arp { macs.source = mapped(macs.source, rules.linkSource) }
    switch rules.tag {
    case nil: break
    case .push(let value): tags.insert((0x8100, Self.control(0, value)), at: 0)
    case .set(let value):
      if !tags.isEmpty { tags[0].control = Self.control(tags[0].control, value) }
    case .pop: if !tags.isEmpty { tags.removeFirst() }
    }
  }

  private static func control(_ old: UInt16, _ value: TagValue) -> UInt16 {
    var bits = (0..<16).map { old >> UInt16(15 - $0) & 1 }
    for index in 0..<3 {
      if let new = value.priority { bits[index] = UInt16(new) >> (2 - UInt16(index)) & 1 }
    }
    for index in 4..<16 {
      if let new = value.identifier { bits[index] = new >> (15 - UInt16(index)) & 1 }
    }
    return bits.reduce(0) { $0 << 1 | $1 }
  }

  private static func bits(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { byte in (0..<8).map { byte >> UInt8(7 - $0) & 1 } }
  }

  private static func bits(_ prefix: IPPrefix) -> [UInt8] {
    switch prefix.address {
    case .v4(let address):
      return bits((0..<4).map { UInt8(truncatingIfNeeded: address.bits >> UInt32(24 - 8 * $0)) })
    case .v6(let address): return bits((0..<8).flatMap { two(address.group($0)) })
    }
  }

  private static func map(_ address: [UInt8], _ maps: [PrefixMap]) -> [UInt8] {
    let old = bits(address)
    for map in maps {
      let (from, to) = (bits(map.old), bits(map.new))
      guard from.count == old.count, from.prefix(map.old.length) == old.prefix(map.old.length)
      else { continue }
      let new = Array(to.prefix(map.new.length) + old.dropFirst(map.new.length))
      return (0..<address.count).map { byte in
        new[byte * 8..<byte * 8 + 8].reduce(0) { $0 << 1 | $1 }
      }
    }
    return address
  }

  private mutating func part(by step: Int) {
    let isLower = source.lexicographicallyPrecedes(destination)
    let isSame = source == destination
    source = Self.moved(source, isLower ? -step : step)
    destination = Self.moved(destination, isLower || isSame ? step : -step)
  }

  private static func moved(_ address: [UInt8], _ step: Int) -> [UInt8] {
    let isGroup = address.count == 4 ? address[0] & 0xf0 == 0xe0 : address[0] == 0xff
    if isGroup || address.allSatisfy({ $0 == 0 }) || address == [255, 255, 255, 255] {
      return address
    }
    var address = address
    var carry = step
    for index in address.indices.reversed() where index >= address.count - 8 {
      let sum = Int(address[index]) + carry
      address[index] = UInt8(sum & 255)
      carry = sum >> 8
    }
    return address
  }
}
