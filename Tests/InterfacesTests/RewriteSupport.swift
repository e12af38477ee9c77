// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import UMA
import Wire

@testable import Mbufs

/// A segment of a packet for tests.
struct Piece: CustomStringConvertible {
  var byteCount: Int
  var isCluster = false
  var isReadOnly = false
  var headroom = 0

  var description: String {
    "[\(byteCount)\(isCluster ? " cluster" : "")\(isReadOnly ? " read-only" : "") at \(headroom)]"
  }
}

/// A packet with its bytes in pieces as told, empty ones included.
func packet(
  _ pool: MbufPool, _ bytes: [UInt8], in pieces: [Piece], _ linkType: LinkType
) throws(MbufError) -> Packet {
  let here = CallSite(#fileID, #line)
  var first: Mbuf?
  var last: Mbuf?
  var start = 0
  for piece in pieces {
    let flags: MbufFlags = first == nil ? .packetHeader : []
    let mbuf =
      piece.isCluster ? try pool.core.clusterMbuf(flags, here) : try pool.core.mbuf(flags, here)
    mbuf.place(headroom: piece.headroom)
    mbuf.append(unsafe bytes[start..<start + piece.byteCount].span.bytes)
    if piece.isReadOnly { mbuf.flags.insert(.readOnly) }
    if let last { last.next = mbuf } else { first = mbuf }
    last = mbuf
    start += piece.byteCount
  }
  guard let first else { preconditionFailure("no pieces") }
  first.packetByteCount = start
  var packet = Packet(first)
  packet.linkType = linkType.rawValue
  packet.timestampInNanoseconds = 7
  return packet
}

/// The bytes of packets, in order, each of which is in order itself.
func checkedContents(_ queue: consuming PacketQueue) -> [[UInt8]] {
  var all: [[UInt8]] = []
  while let packet = queue.dequeue() {
    packet.checkInvariants()
    all.append(allBytes(packet))
  }
  return all
}

/// All bytes in one segment that is writable and has room in front.
func onePiece(_ bytes: [UInt8], headroom: Int = 32) -> [Piece] {
  [Piece(byteCount: bytes.count, isCluster: true, headroom: headroom)]
}

extension SeededRandom {
  /// Pieces of so many bytes, some of them empty.
  mutating func pieces(of byteCount: Int) -> [Piece] {
    var pieces: [Piece] = []
    var left = byteCount
    repeat {
      let isCluster = left > 100 || chance(50)
      let count =
        chance(20) ? 0 : Int.random(in: 0...Swift.min(left, isCluster ? left : 100), using: &self)
      let headroom = [0, 3, 16, isCluster ? 2_048 - count : 168 - count][
        Int.random(in: 0..<4, using: &self)]
      let limit = (isCluster ? 2_048 : 168) - count
      pieces.append(
        Piece(
          byteCount: count, isCluster: isCluster, isReadOnly: chance(15),
          headroom: Swift.min(headroom, limit)))
      left -= count
    } while left > 0
    if chance(20) { pieces.append(Piece(byteCount: 0)) }
    return pieces
  }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }
}

extension SeededRandom {
  /// Any frame.
  mutating func rewriteModel() -> RewriteModel {
    var model = RewriteModel()
    model.isEthernet = chance(80)
    if model.isEthernet {
      model.macs = (
        one(of: [[2, 0, 0, 0, 0, 1], bytes(6)]), one(of: [[2, 0, 0, 0, 0, 2], bytes(6)])
      )
      model.tags = (0..<one(of: [0, 0, 1, 2])).map { _ in
        (one(of: [0x8100, 0x88a8]), UInt16(truncatingIfNeeded: next()))
      }
      model.network = one(of: [.ipv4, .ipv4, .ipv4, .ipv6, .ipv6, .arp, .other])
    } else {
      model.network = one(of: [.ipv4, .ipv6])
    }
    let prefix: [UInt8] = model.isIPv6 ? [0x20, 1, 0xd, 0xb8, 0, 0, 0] : [10, 0]
    func address(_ random: inout SeededRandom) -> [UInt8] {
      let count = model.isIPv6 ? 16 : 4
      return switch random.below(8) {
      case 0: random.bytes(count)
      case 1: [UInt8](repeating: random.one(of: [0, 255]), count: count)
      case 2: (model.isIPv6 ? [255, 2] : [224]) + random.bytes(count - (model.isIPv6 ? 2 : 1))
      default: prefix + random.bytes(count - prefix.count)
      }
    }
    model.source = address(&self)
    model.destination = chance(8) ? model.source : address(&self)
    model.hops = UInt8(truncatingIfNeeded: next())
    if model.network == .ipv4 {
      model.transport = one(of: [1, 6, 17, 17, 136, 132, 47])
      if chance(20) { model.options = [1, 1, 1, 0] + [UInt8](repeating: 0, count: 4 * below(9)) }
      if chance(15) { model.isHeaderWrongBy = UInt16(1 + below(0xfffe)) }
    } else if model.isIPv6 {
      model.transport = one(of: [58, 6, 17, 17, 136, 132, 47])
      addExtensions(to: &model)
    }
    model.ports = (one(of: [80, 1_024, 40_000]), one(of: [53, 80, 65_535]))
    model.payload = bytes(one(of: [0, 1, 7, 40, 41, 600]))
    switch below(8) {
    case 0: model.checksum = .wrong(UInt16(1 + below(0xfffe)))
    case 1: if model.transport == 17, !model.isIPv6 { model.checksum = .none }
    case 2:
      if [6, 17].contains(model.transport), model.lastStop == nil { model.checksum = .partial }
    default: break
    }
    if chance(15), case .valid = model.checksum, model.network != .arp, model.network != .other {
      let byteCount = model.payload.count
      if byteCount >= 40 {
        model.fragment = one(of: [0..<24, 0..<32, 24..<byteCount, 24..<32])
      }
    }
    if chance(20) { model.padding = 1 + below(20) }
    return model
  }

  private mutating func addExtensions(to model: inout RewriteModel) {
    let next: UInt8 = model.transport
    switch below(4) {
    case 0:
      model.firstExtension = 0
      model.options = [next, 0, 1, 4, 0, 0, 0, 0]
    case 1:
      let lastStop = bytes(16)
      model.firstExtension = 43
      model.options = [next, 2, 0, 1, 0, 0, 0, 0] + lastStop
      model.lastStop = lastStop
    default: break
    }
  }

  /// Any rules.
  mutating func rewriteRules() -> RewriteRules {
    var rules = RewriteRules()
    if chance(30) { rules.linkSource = MACAddress(next() & 0xffff_ffff_ffff) }
    if chance(30) { rules.linkDestination = MACAddress(next() & 0xffff_ffff_ffff) }
    if chance(30) {
      rules.linkMaps = [
        LinkMap(MACAddress(2, 0, 0, 0, 0, 1), to: MACAddress(2, 0, 0, 0, 0, 2)),
        LinkMap(MACAddress(2, 0, 0, 0, 0, 2), to: MACAddress(2, 0, 0, 0, 0, 1)),
      ]
    }
    if chance(40) {
      let value = TagValue(
        identifier: chance(70) ? UInt16(below(4_096)) : nil,
        priority: chance(50) ? UInt8(below(8)) : nil)
      rules.tag = one(of: [.push(value), .set(value), .pop])
    }
    if chance(30) { rules.sourcePrefixes = prefixMaps() }
    if chance(30) { rules.destinationPrefixes = prefixMaps() }
    if chance(50) { rules.prefixes = prefixMaps() }
    if chance(50) {
      rules.ports = [PortMap(80...80, to: 8_080), PortMap(1_024...65_535, to: 5_000)]
    }
    if chance(30) {
      let count = UInt8(truncatingIfNeeded: next())
      rules.hops = one(of: [.set(count), .raise(count), .lower(count)])
    }
    if chance(40) { rules.loopsPerStep = 1 + below(3) }
    return rules
  }

  private mutating func prefixMaps() -> [PrefixMap] {
    (0...below(3)).compactMap { _ in
      let isIPv6 = chance(40)
      let (low, high): (UInt64, UInt64) = (next(), next())
      let old: IPAddress =
        isIPv6
        ? .v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: low))
        : .v4(IPv4Address(10, 0, UInt8(truncatingIfNeeded: low), 0))
      let new: IPAddress =
        isIPv6
        ? .v6(IPv6Address(high: high, low: low))
        : .v4(IPv4Address(UInt32(truncatingIfNeeded: high)))
      let lengths = isIPv6 ? [0, 32, 56, 64, 65, 127, 128] : [0, 8, 16, 17, 24, 32]
      guard let from = IPPrefix(old, length: one(of: lengths)),
        let to = IPPrefix(new, length: one(of: lengths))
      else { return nil }
      return PrefixMap(from, to: to)
    }
  }
}
