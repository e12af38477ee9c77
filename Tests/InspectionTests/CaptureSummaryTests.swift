// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@testable import Inspection

@Suite struct CaptureSummaryTests {
  @Test func nothingCountedIsSane() {
    let summary = CaptureSummary()
    summary.checkInvariants()
    #expect(summary.packetCount == 0)
    #expect(summary.isSane == true)
    #expect(summary.order.span == nil)
    #expect(summary.order.earliest == nil)
    #expect(summary.sizes.least == 0 && summary.sizes.greatest == 0 && summary.sizes.mean == 0)
    #expect(summary.sizes.quantile(0.5) == 0)
    #expect(summary.talkers.top(5) == [])
    #expect(summary.ports.top(5) == [])
    #expect(summary.cutByteCounts == nil)
  }

  @Test func goodFramesOfEveryProtocolAreSane() {
    var summary = CaptureSummary()
    let frames = [
      Frames.arp, Frames.udp(), Frames.tcp([1, 2]), Frames.icmp(), Frames.icmpv6(),
      Frames.ethernet(0x88cc, [1, 2, 3]),
    ]
    for (index, frame) in frames.enumerated() { summary.count(frame, at: Int64(index) * 10) }
    summary.checkInvariants()
    #expect(summary.isSane == true)
    #expect(summary.packetCount == 6)
    #expect(summary.capturedByteCount == frames.map(\.count).reduce(0, +))
    let p = summary.facts.protocols
    #expect((p.arp, p.ipv4, p.ipv6, p.other) == (1, 3, 1, 1))
    #expect((p.udp, p.tcp, p.icmp, p.icmpv6) == (1, 1, 1, 1))
    let c = summary.facts.checksums
    #expect(
      (c.ipv4.valid, c.udp.valid, c.tcp.valid, c.icmp.valid, c.icmpv6.valid) == (3, 1, 1, 1, 1))
    #expect(summary.order.span == 50)
    #expect(summary.linkTypes.found == [LinkTypeCounts.Row(linkType: .ethernet, count: 6)])
  }

  @Test func eachWrongChecksumIsFoundUnderItsProtocol() {
    var summary = CaptureSummary()
    // The last byte is under the transport's checksum, byte 22 (time to live) under the header's.
    for good in [Frames.udp(), Frames.tcp([1]), Frames.icmp(), Frames.icmpv6()] {
      summary.count(good)
      summary.count(good.flipped(at: good.count - 1))
    }
    summary.count(Frames.udp().flipped(at: 22))
    summary.checkInvariants()
    let bad = summary.facts.badChecksums
    #expect(bad.udp.numbers == [2])
    #expect(bad.tcp.numbers == [4])
    #expect(bad.icmp.numbers == [6])
    #expect(bad.icmpv6.numbers == [8])
    #expect(bad.ipv4.numbers == [9])
    #expect(bad.count == 5)
    #expect(summary.facts.checksums.udp.invalid == 1 && summary.facts.checksums.udp.valid == 2)
    #expect(summary.isSane == false)
    #expect(summary.facts.undecodable.count == 0 && summary.cut.count == 0)
  }

  @Test func aChecksumLeftToHardwareIsPartialAndNoFault() {
    var frame = Frames.tcp([1, 2, 3])
    let pseudo = InternetChecksum.pseudoHeader(
      source: Frames.source, destination: Frames.destination, protocol: .tcp, byteCount: 23)
    frame.replaceSubrange(50..<52, with: pseudo.folded.bytes)
    var summary = CaptureSummary()
    summary.count(frame)
    #expect(summary.facts.checksums.tcp.partial == 1)
    #expect(summary.isSane == true)
  }

  @Test func aCutFrameIsCutAndItsChecksumUnverifiable() {
    var summary = CaptureSummary()
    let frame = Frames.udp([UInt8](repeating: 7, count: 100))
    summary.count(frame)
    summary.count(Array(frame.prefix(60)), wireByteCount: frame.count)
    summary.count(Array(frame.prefix(64)), wireByteCount: frame.count)
    summary.checkInvariants()
    #expect(summary.cut.numbers == [2, 3])
    #expect(summary.cutByteCounts == 60...64)
    #expect(summary.facts.checksums.udp.unverifiable == 2)
    #expect(summary.sizes.sum == 3 * frame.count)
    #expect(summary.capturedByteCount == frame.count + 124)
    #expect(summary.isSane == false)
  }

  @Test func aFrameThatCannotBeDecodedIsFoundByLayerAndReason() throws {
    var summary = CaptureSummary()
    summary.count([1, 2, 3])
    summary.count(Frames.udp())
    summary.count(Frames.udp().flipped(at: 14))
    summary.count([4, 5])
    let found = summary.facts.undecodable.found
    #expect(found.map(\.frames.count) == [2, 1])
    #expect(found.map(\.frames.numbers) == [[1, 4], [3]])
    #expect(found.map(\.stop.layer) == [.ethernet, .ipv4])
    #expect(found.map(\.stop.reason) == [.tooShort, .badVersion])
    #expect(summary.isSane == false)
  }

  @Test func everyLayerAndReasonHasARow() {
    var counts = StopCounts()
    let layers = (UInt8(0)...255).compactMap(ParseError.Layer.init(rawValue:))
    let reasons = (UInt8(0)...255).compactMap(ParseError.Reason.init(rawValue:))
    #expect(layers.count > 10 && reasons.count > 4)
    for layer in layers {
      for reason in reasons {
        counts.note(ParseError(layer, reason, wanted: 1, available: 0), of: 7)
      }
    }
    let found = counts.found
    #expect(found.count == layers.count * reasons.count)
    #expect(Set(found.map(\.stop)).count == found.count)
    #expect(found.allSatisfy { $0.frames.numbers == [7] })
  }

  @Test func aFrameThatGoesBackInTimeIsFoundAndSoIsTheLargestGap() {
    var summary = CaptureSummary()
    for time: Int64 in [100, 100, 400, 300, 900, 850, 1_000] {
      summary.count(Frames.udp(), at: time)
    }
    let order = summary.order
    #expect(order.backward.numbers == [4, 6])
    #expect(order.backward.first == 4)
    #expect(!order.isStrict && !summary.isSane)
    #expect((order.earliest, order.latest, order.span) == (100, 1_000, 900))
    #expect((order.largestGap, order.frameBehindLargestGap) == (600, 5))
  }

  @Test func timesAtBothEndsOfTheirRangeDoNotTrap() {
    var order = TimeOrder()
    order.note(.min, of: 1)
    order.note(.max, of: 2)
    order.note(.min, of: 3)
    #expect(order.span == .max)
    #expect((order.largestGap, order.frameBehindLargestGap) == (.max, 2))
    #expect(order.backward.numbers == [3])
  }

  @Test func onlyTheFirstTenFramesOfAFaultAreKept() {
    var summary = CaptureSummary()
    for _ in 0..<25 { summary.count([1]) }
    let frames = summary.facts.undecodable.found.first?.frames
    #expect(frames?.count == 25)
    #expect(frames?.numbers == Array(1...10))
  }

  @Test func linkTypesBeyondThoseWithARowAreCountedTogether() {
    var counts = LinkTypeCounts()
    for number in 0..<100 {
      for _ in 0...number { counts.note(LinkType(rawValue: UInt32(number))) }
    }
    #expect(counts.found.count == 64)
    #expect(counts.found.enumerated().allSatisfy { $1.count == $0 + 1 })
    #expect(counts.others == (65...100).reduce(0, +))
    #expect(counts.count == (1...100).reduce(0, +))
  }

  @Test func anyBytesAtAllKeepTheEquations() {
    var random = SeededRandom()
    var summary = CaptureSummary(talkerCapacity: 3)
    let types: [LinkType] = [.ethernet, .raw, .linuxSLL, .null, LinkType(rawValue: 147)]
    for _ in 0..<2_000 {
      var bytes =
        [Frames.udp(), Frames.tcp([1]), Frames.icmpv6(), Frames.arp].randomElement(
          using: &random) ?? []
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      bytes = Array(bytes.prefix(Int.random(in: 0...80, using: &random)))
      summary.count(
        bytes, at: Int64.random(in: .min ... .max, using: &random),
        wireByteCount: Int.random(in: 0...200, using: &random),
        linkType: types.randomElement(using: &random) ?? .ethernet)
    }
    summary.checkInvariants()
    #expect(summary.packetCount == 2_000)
  }

  /// Looking inside takes every frame apart; without it those are not that are like most.
  @Test func whatIsNotTakenApartCountsAsWhatIs() {
    var random = SeededRandom()
    let frames = [
      Frames.udp(), Frames.udp([], ports: (53, 53)), Frames.udp([UInt8](repeating: 9, count: 600)),
      Frames.udp(from: IPv4Address(10, 9, 9, 9)) + [0, 0, 0], Frames.tcp([1]), Frames.icmpv6(),
    ]
    var quick = CaptureSummary()
    var thorough = CaptureSummary(looksInside: true)
    for round in 0..<20_000 {
      var bytes = frames[round % frames.count]
      if round % 3 > 0 {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = .random(in: 0...255, using: &random)
      }
      let wireByteCount = bytes.count
      if round % 5 == 0 { bytes.removeLast(.random(in: 0...bytes.count, using: &random)) }
      quick.count(bytes, at: Int64(round % 100), wireByteCount: wireByteCount)
      thorough.count(bytes, at: Int64(round % 100), wireByteCount: wireByteCount)
    }
    quick.checkInvariants()
    thorough.checkInvariants()
    #expect(quick.facts.protocols == thorough.facts.protocols)
    #expect(quick.facts.checksums == thorough.facts.checksums)
    #expect(quick.facts.checksums.udp.valid > 1_000 && quick.facts.checksums.udp.invalid > 1_000)
    #expect(quick.facts.badChecksums.udp.numbers == thorough.facts.badChecksums.udp.numbers)
    #expect(quick.facts.undecodable.count == thorough.facts.undecodable.count)
    #expect(quick.cut.numbers == thorough.cut.numbers && quick.cut.count == thorough.cut.count)
    #expect(quick.capturedByteCount == thorough.capturedByteCount)
    #expect(quick.sizes.sum == thorough.sizes.sum)
    #expect(quick.order.backward.count == thorough.order.backward.count)
    #expect(quick.talkers.top(10_000) == thorough.talkers.top(10_000))
    #expect(quick.ports.top(100_000) == thorough.ports.top(100_000))
  }
}
