// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import TestSupport
import Testing
import UMA
import Wire

@testable import Mbufs

/// What is cut, out of reach or denied.
@Suite struct RewriteEdgeTests {
  @Test func aFrameCutByItsCaptureIsRewrittenAsFarAsItGoes() throws {
    try leakChecked { pool in
      let rules = try RewriteTests.everything()
      for model in RewriteTests.models {
        let whole = model.bytes
        var expected = model
        expected.apply(rules, loop: 0)
        let headerEnd = model.network == .arp ? whole.count : model.transportOffset
        let transport = model.transportOffset
        for count in 14..<whole.count where model.isEthernet {
          let cut = Array(whole[..<count])
          var packet = try packet(pool, cut, in: onePiece(cut), .ethernet)
          packet.wireByteCount = whole.count
          let outcome = try packet.rewrite(by: rules, packet.decoded())
          let found = allBytes(packet)
          #expect(found.count == count + 4 && packet.wireByteCount == whole.count + 4)
          // Only the tag and the link addresses.
          var linkOnly = model
          var linkRules = RewriteRules()
          linkRules.linkSource = rules.linkSource
          linkRules.linkDestination = rules.linkDestination
          linkRules.tag = rules.tag
          linkOnly.apply(linkRules, loop: 0)
          if model.network == .arp { continue }
          let isHeaderCut =
            count < headerEnd && !(model.isIPv6 && count >= model.linkBytes.count + 40)
          let wanted = isHeaderCut && model.network != .other ? linkOnly.bytes : expected.bytes
          for index in 0..<count {
            // Both ports or none, and a checksum only if the capture has all of it.
            let place = index - transport
            if count < transport + 4, place >= 0 { continue }
            if let field = model.checksumOffset, count == transport + field + 1, place == field {
              continue
            }
            if found[index + 4] != wanted[index + 4] {
              Issue.record("cut at \(count), byte \(index): \(model)")
              return
            }
          }
          if isHeaderCut, model.network != .other {
            #expect(outcome.isOutOfReach, "cut at \(count)")
          }
          if count >= transport + 20, model.fragment == nil {
            #expect(!outcome.isOutOfReach, "cut at \(count)")
          }
        }
      }
    }
  }

  @Test func ofATinyFirstFragmentTheChecksumIsOutOfReach() throws {
    try leakChecked { pool in
      var model = RewriteModel()
      model.transport = 6
      model.fragment = 0..<16
      let rules = try RewriteTests.everything()
      var packet = try packet(pool, model.bytes, in: onePiece(model.bytes), .ethernet)
      let outcome = try packet.rewrite(by: rules, packet.decoded())
      #expect(outcome.isRewritten && outcome.isOutOfReach)
      model.apply(rules, loop: 0)
      #expect(allBytes(packet) == model.bytes)
      var counts = RewriteCounts()
      counts.count(outcome)
      counts.count(RewriteOutcome())
      #expect(counts.rewritten == 1 && counts.outOfReach == 1)
    }
  }

  @Test func whatStandsBehindManyExtensionHeadersIsRewritten() throws {
    try leakChecked { pool in
      let bytes = DecodedTests.ipv6(
        60, DecodedTests.longExtensions(20, words: 0) + DecodedTests.udp)
      var rules = RewriteRules()
      rules.loopsPerStep = 1
      rules.hops = .set(9)
      var packet = try packet(pool, bytes, in: onePiece(bytes), .ipv6)
      let before = packet.transportChecksumResult(packet.decoded())
      let outcome = try packet.rewrite(by: rules, packet.decoded(), loop: 1)
      #expect(outcome.isRewritten && !outcome.isOutOfReach && allBytes(packet) != bytes)
      #expect(packet.transportChecksumResult(packet.decoded()) == before)
    }
  }

  /// An address that stands for another is another's: the checksum does not follow the header's own.
  @Test func checksumsOverOtherAddressesStay() throws {
    let home: [UInt8] = [17, 2, 1, 2, 0, 0, 0xc9, 16] + [UInt8](repeating: 7, count: 16)
    let stop: [UInt8] = [17, 2, 0, 1, 0, 0, 0, 0] + [UInt8](repeating: 9, count: 16)
    try leakChecked { pool in
      for (kind, header): (UInt8, [UInt8]) in [(60, home), (43, stop)] {
        var bytes = DecodedTests.ipv6(kind, header + DecodedTests.udp)
        let frame = try packet(pool, bytes, in: onePiece(bytes), .ipv6).decoded()
        var sum = frame.pseudoHeaderSum
        let udp = DecodedTests.udp
        unsafe sum.add(udp.span.bytes)
        let place = frame.transportOffset + 6
        bytes[place] = UInt8(sum.complement >> 8)
        bytes[place + 1] = UInt8(sum.complement & 255)
        var packet = try packet(pool, bytes, in: onePiece(bytes), .ipv6)
        #expect(packet.transportChecksumResult(packet.decoded()) == .valid)
        var rules = RewriteRules()
        let everywhere = try #require(IPPrefix("::/0"))
        let elsewhere = try #require(IPPrefix("2001:db8:77::/48"))
        let map = try #require(PrefixMap(everywhere, to: elsewhere))
        rules.prefixes = [map]
        let outcome = try packet.rewrite(by: rules, packet.decoded())
        #expect(outcome.isRewritten)
        #expect(packet.transportChecksumResult(packet.decoded()) == .valid)
      }
    }
  }

  @Test func longExtensionHeadersAreRewrittenWherever() throws {
    try leakChecked { pool in
      for words: UInt8 in [40, 120, 200, 255] {
        let bytes = DecodedTests.ipv6(
          60, DecodedTests.longExtensions(9, words: words) + DecodedTests.udp)
        var rules = RewriteRules()
        rules.ports = [PortMap(53...53, to: 54)]
        for isShared in [false, true] {
          var packet = try pool.packet(copying: unsafe bytes.span.bytes)
          packet.linkType = LinkType.ipv6.rawValue
          let other = isShared ? try packet.sharedCopy() : try pool.packet()
          var expected = bytes
          let place = bytes.count - DecodedTests.udp.count
          expected[place + 3] = 54
          do {
            #expect(try packet.rewrite(by: rules, packet.decoded()).isRewritten)
            #expect(allBytes(packet) == expected)
          } catch {
            // Longer than any storage.
            #expect(place > 16_384 && allBytes(packet) == bytes)
          }
          if isShared { #expect(allBytes(other) == bytes) }
        }
      }
    }
  }

  @Test func whatIsInsideStays() throws {
    try leakChecked { pool in
      // An ICMP error quotes the headers of what it is about, and GRE carries a packet.
      let inner = RewriteModel().networkBytes
      for transport: UInt8 in [1, 47] {
        var model = RewriteModel()
        model.transport = transport
        model.payload = inner
        var packet = try packet(pool, model.bytes, in: onePiece(model.bytes), .ethernet)
        try packet.rewrite(by: try RewriteTests.everything(), packet.decoded())
        #expect(allBytes(packet).suffix(inner.count) == inner[...])
      }
    }
  }

  @Test func aDeniedPacketIsUnchanged() throws {
    let rules = try RewriteTests.everything()
    for model in RewriteTests.models.prefix(4) {
      let bytes = model.bytes
      for cut in [5, 20, bytes.count] {
        for isShared in [false, true] {
          try leakChecked { pool in
            var denials = 0
            try FailurePlan.forEachAttempt { plan in
              let pieces = [
                Piece(byteCount: cut, isCluster: true),
                Piece(byteCount: bytes.count - cut, isCluster: true),
              ]
              var packet = try packet(pool, bytes, in: pieces, RewriteTests.linkType(model))
              let other = isShared ? try packet.sharedCopy() : try pool.packet()
              let segments = packet.dump()
              pool.inject(plan)
              do throws(MbufError) {
                try packet.rewrite(by: rules, packet.decoded())
              } catch {
                denials += 1
                guard case .exhausted = error else { Issue.record("\(error)"); return }
                #expect(packet.dump() == segments && allBytes(packet) == bytes)
              }
              pool.inject(nil)
              if isShared { #expect(allBytes(other) == bytes) }
              packet.checkInvariants()
            }
            // Without room in front, a tag takes an mbuf.
            #expect(denials > 0 || !model.isEthernet)
          }
        }
      }
    }
  }

  @Test func whatIsInPlaceAndOursTakesNoMbuf() throws {
    try leakChecked { pool in
      let rules = try RewriteTests.everything()
      for model in RewriteTests.models {
        var packet = try packet(
          pool, model.bytes, in: onePiece(model.bytes), RewriteTests.linkType(model))
        pool.inject(FailurePlan(failing: 1, andAllLater: true))
        try packet.rewrite(by: rules, packet.decoded())
        pool.inject(nil)
        #expect(packet.segmentCount == 1)
      }
    }
  }

  @Test func bothDirectionsOfAFlowMatchInEveryLoop() throws {
    try leakChecked { pool in
      var rules = RewriteRules()
      rules.loopsPerStep = 3
      for (source, destination) in [
        ([10, 0, 0, 1], [10, 0, 0, 2]), ([10, 0, 0, 2], [10, 0, 0, 1]),
        ([10, 0, 0, 1], [10, 0, 0, 1]),
        ([0, 0, 0, 1], [255, 255, 255, 254]),
      ] as [([UInt8], [UInt8])] {
        var seen: Set<[UInt8]> = []
        for loop in 0..<30 {
          var there = RewriteModel()
          (there.source, there.destination) = (source, destination)
          var back = RewriteModel()
          (back.source, back.destination) = (destination, source)
          var first = try packet(pool, there.bytes, in: onePiece(there.bytes), .ethernet)
          var second = try packet(pool, back.bytes, in: onePiece(back.bytes), .ethernet)
          try first.rewrite(by: rules, first.decoded(), loop: loop)
          try second.rewrite(by: rules, second.decoded(), loop: loop)
          let (one, other) = (first.decoded(), second.decoded())
          #expect(one.source == other.destination && one.destination == other.source)
          #expect(one.ipv4HeaderChecksum == .valid && first.transportChecksumResult(one) == .valid)
          seen.insert(Array(allBytes(first)[26..<34]))
          if loop < 3 { #expect(allBytes(first) == there.bytes) }
        }
        #expect(seen.count == 10)
      }
    }
  }

  @Test func mapsOfTwoFamiliesAreNone() throws {
    let (four, six) = (try RewriteTests.prefix("10.0.0.0/8"), try RewriteTests.prefix("::/8"))
    #expect(PrefixMap(four, to: six) == nil && PrefixMap(six, to: four) == nil)
    #expect(RewriteRules().isEmpty)
  }
}
