// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import UMA
import Wire

/// Packets under another link header, however their segments lie.
@Suite struct LinkTypeConversionTests {
  private typealias Frames = DecodedTests

  /// Link header, IP packet, what is behind it, and the conversion of it to raw IP and to Ethernet.
  private struct Case: CustomTestStringConvertible {
    let testDescription: String
    let linkType: LinkType
    let header: [UInt8]
    let packet: [UInt8]
    var padding = 0
    /// The Ethernet type; nil where there is no such header.
    let type: [UInt8]?

    var bytes: [UInt8] { header + packet + [UInt8](repeating: 0, count: padding) }
    var ethernet: [UInt8]? {
      if linkType == .ethernet { return bytes }
      return type.map {
        [UInt8](repeating: 0, count: 12) + $0 + packet + [UInt8](repeating: 0, count: padding)
      }
    }
  }

  private static let v4 = Frames.ipv4(17, Frames.udp)
  private static let v6 = Frames.ipv6(17, Frames.udp)
  private static let sll: [UInt8] = [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0]

  private static let cases = [
    Case(
      testDescription: "Ethernet", linkType: .ethernet,
      header: Frames.ethernet([8, 0], []), packet: v4, type: [8, 0]),
    Case(
      testDescription: "Ethernet with padding", linkType: .ethernet,
      header: Frames.ethernet([8, 0], []), packet: v4, padding: 7, type: [8, 0]),
    Case(
      testDescription: "Ethernet with two tags", linkType: .ethernet,
      header: Frames.ethernet([0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], []), packet: v6,
      type: [8, 0]),
    Case(testDescription: "raw", linkType: .raw, header: [], packet: v4, type: [8, 0]),
    Case(testDescription: "IPv6", linkType: .ipv6, header: [], packet: v6, type: [0x86, 0xdd]),
    Case(
      testDescription: "loopback", linkType: .null, header: [2, 0, 0, 0], packet: v4, type: [8, 0]),
    Case(
      testDescription: "Linux any", linkType: .linuxSLL, header: sll + [8, 0], packet: v4,
      padding: 3, type: [8, 0]),
    Case(
      testDescription: "Linux any, version 2", linkType: .linuxSLL2,
      header: [0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0], packet: v6,
      type: [0x86, 0xdd]),
  ]

  /// A packet of two segments, or one, in a cluster if `isShared`.
  private func packet(
    _ pool: MbufPool, _ one: Case, cutAt cut: Int, headroom: Int = 0
  ) throws(MbufError) -> Packet {
    let bytes = one.bytes
    var packet = unsafe try pool.packet(
      copying: [UInt8](bytes[..<cut]).span.bytes, headroom: headroom)
    if cut < bytes.count {
      packet.join(try pool.packet(copying: unsafe [UInt8](bytes[cut...]).span.bytes))
    }
    packet.linkType = one.linkType.rawValue
    packet.wireByteCount = bytes.count
    return packet
  }

  @Test(arguments: cases)
  private func whatIsBehindTheLinkHeaderKeepsItsBytes(one: Case) throws {
    let pool = MbufPool()
    for cut in 1...one.bytes.count {
      for headroom in [0, 14] {
        for wanted in [LinkType.raw, .ethernet] {
          var packet = try packet(pool, one, cutAt: cut, headroom: headroom)
          let other = try packet.sharedCopy()
          let result = try packet.convert(to: wanted)
          packet.checkInvariants()
          let place = "cut at \(cut), headroom \(headroom), to \(wanted)"
          let bytes = wanted == .raw ? one.packet : one.ethernet ?? []
          #expect(result == .done, "\(place)")
          #expect(allBytes(packet) == bytes, "\(place)")
          #expect(packet.wireByteCount == bytes.count, "\(place)")
          #expect(LinkType(rawValue: packet.linkType) == wanted, "\(place)")
          // Whoever shares the storage sees no change.
          #expect(allBytes(other) == one.bytes, "\(place)")
        }
      }
    }
    #expect(pool.outstanding == 0)
  }

  @Test func whatACaptureCutKeepsItsWireLength() throws {
    let pool = MbufPool()
    let whole = Self.cases[0]
    var packet = try packet(pool, whole, cutAt: whole.bytes.count)
    packet.trimBack(5)
    packet.wireByteCount = whole.bytes.count
    #expect(try packet.convert(to: .raw) == .done)
    #expect(packet.wireByteCount == whole.packet.count)
    #expect(packet.byteCount == whole.packet.count - 5)
  }

  @Test func whatHasNoSuchHeaderStaysAsItIs() throws {
    let pool = MbufPool()
    let arp = Frames.ethernet([8, 6], [UInt8](repeating: 1, count: 28))
    var packet = try unsafe pool.packet(copying: arp.span.bytes)
    packet.linkType = LinkType.ethernet.rawValue
    #expect(try packet.convert(to: .raw) == .impossible)
    #expect(try packet.convert(to: .linuxSLL) == .impossible)
    #expect(allBytes(packet) == arp && packet.linkType == LinkType.ethernet.rawValue)
    var unknown = try unsafe pool.packet(copying: [UInt8](repeating: 1, count: 60).span.bytes)
    unknown.linkType = 249
    #expect(try unknown.convert(to: .ethernet) == .impossible)
    #expect(try unknown.convert(to: .raw) == .impossible)
    // The link header alone carries nothing.
    var empty = try unsafe pool.packet(copying: (Self.sll + [8, 0]).span.bytes)
    empty.linkType = LinkType.linuxSLL.rawValue
    #expect(try empty.convert(to: .raw) == .impossible)
    #expect(try empty.convert(to: .ethernet) == .impossible)
  }

  @Test(arguments: cases)
  private func aDenialLeavesThePacketAsItWas(one: Case) throws {
    let pool = MbufPool()
    for cut in [1, one.bytes.count / 2, one.bytes.count] {
      _ = try FailurePlan.forEachAttempt { plan in
        var packet = try packet(pool, one, cutAt: cut)
        let other = try packet.sharedCopy()
        pool.inject(plan)
        defer { pool.inject(nil) }
        do throws(MbufError) {
          _ = try packet.convert(to: .ethernet)
          #expect(plan.failureCount == 0 || allBytes(packet) == one.ethernet ?? [])
        } catch {
          #expect(allBytes(packet) == one.bytes, "cut at \(cut)")
          #expect(LinkType(rawValue: packet.linkType) == one.linkType)
          packet.checkInvariants()
        }
        #expect(allBytes(other) == one.bytes)
      }
    }
    #expect(pool.outstanding == 0)
  }
}
