// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import Testing
import UMA
import Wire

@testable import Mbufs

/// Bytes that are no frame, or nearly one: nothing traps, and nothing is lost.
@Suite struct RewriteAnyBytesTests {
  /// A frame with bytes changed, cut off or added, and what link type it is said to be.
  private func damaged(_ random: inout SeededRandom) -> (bytes: [UInt8], LinkType, wire: Int) {
    let model = random.rewriteModel()
    var bytes = random.chance(5) ? random.bytes(random.below(300)) : model.bytes
    let headers = Swift.min(bytes.count, model.transportOffset + 24)
    for _ in 0..<random.below(5) where headers > 0 {
      bytes[random.below(headers)] = UInt8(truncatingIfNeeded: random.next())
    }
    if random.chance(30) { bytes.removeLast(random.below(bytes.count + 1)) }
    let types: [LinkType] = [
      .raw, .null, .loop, .linuxSLL, .linuxSLL2, .ipv6, LinkType(rawValue: 99),
    ]
    let linkType = random.chance(80) ? RewriteTests.linkType(model) : random.one(of: types)
    return (bytes, linkType, bytes.count + (random.chance(30) ? random.below(200) : 0))
  }

  @Test func anyBytesByAnyRules() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for _ in 0..<Steps.of(200_000) {
        let (bytes, linkType, wire) = damaged(&random)
        var packet = try packet(pool, bytes, in: random.pieces(of: bytes.count), linkType)
        packet.wireByteCount = wire
        let witness = random.chance(50) ? try packet.sharedCopy() : try pool.packet()
        let rules = random.rewriteRules()
        let outcome = try packet.rewrite(by: rules, packet.decoded(), loop: random.below(9))
        packet.checkInvariants()
        let found = allBytes(packet)
        #expect(outcome.isRewritten == (found != bytes))
        #expect([0, 4, -4].contains(found.count - bytes.count))
        #expect(witness.byteCount == 0 || allBytes(witness) == bytes)
      }
    }
  }

  @Test func anyBytesToAnyMTU() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      for _ in 0..<Steps.of(200_000) {
        let (bytes, linkType, wire) = damaged(&random)
        var packet = try packet(pool, bytes, in: random.pieces(of: bytes.count), linkType)
        packet.wireByteCount = wire
        if random.chance(20) { packet.checksumState = .partial }
        let witness = random.chance(50) ? try packet.sharedCopy() : try pool.packet()
        let mtu = random.one(of: [1, 20, 28, 48, 68, 100, 300, 576])
        var fitter = PacketFitter(random.one(of: LongPacketPolicy.allCases), mtu: mtu)
        var rest = PacketQueue()
        let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
        switch outcome {
        case .fitted(let added):
          #expect(added == rest.packetCount && packet.linkPayloadByteCount <= mtu)
          rest.forEach { (one: borrowing Packet) -> Void in
            #expect(one.linkPayloadByteCount <= mtu)
          }
        case .fits, .dropped, .refused:
          #expect(rest.isEmpty && allBytes(packet) == bytes && packet.wireByteCount == wire)
        }
        packet.checkInvariants()
        #expect(witness.byteCount == 0 || allBytes(witness) == bytes)
      }
    }
  }
}
