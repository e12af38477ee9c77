// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct GrowTests {
  /// Sizes around every limit: headroom of the layouts, inner data, a cluster, two clusters.
  static let sizes = [0, 1, 6, 168, 169, 216, 217, 2_048, 2_049, 2_216, 2_217, 4_097]

  static func bytes(_ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 200) }
  }

  @Test func prependAFew() throws {
    try forEveryChain(with: { _ in [0, 4, 6, 60] }) { _, packet, model, count in
      try packet.prepend(count)
      model.prepend(count)
    }
  }

  @Test func prependMany() throws {
    try forEveryChain(of: [2], upTo: 2, with: { _ in Self.sizes }) { _, packet, model, count in
      try packet.prepend(count)
      model.prepend(count)
    }
  }

  @Test func prependFillsTheHeadroom() throws {
    try leakChecked { pool in
      var packet = try pool.packet(headroom: 64)
      for left in stride(from: 60, through: 0, by: -4) {
        try packet.prepend(4)
        #expect(packet.headroom == left)
        #expect(packet.segmentCount == 1)
      }
      try packet.prepend(1)
      #expect(packet.segmentCount == 2)
      // The new segment has its byte near its end, so that the next header finds headroom.
      #expect(packet.headroom == 160)
      packet.checkInvariants()
    }
  }

  @Test func appendAFew() throws {
    try forEveryChain(with: { _ in [0, 1, 6, 60] }) { _, packet, model, count in
      try packet.append(Self.bytes(count))
      model.append(Self.bytes(count))
    }
  }

  @Test func appendMany() throws {
    try forEveryChain(of: [2], upTo: 2, with: { _ in Self.sizes }) { _, packet, model, count in
      try packet.append(Self.bytes(count))
      model.append(Self.bytes(count))
    }
  }

  @Test func appendZeroes() throws {
    try forEveryChain(of: [3], upTo: 3, with: { _ in [0, 6, 300] }) {
      _, packet, model, count in
      try packet.appendZeroes(count)
      model.appendZeroes(count)
    }
  }

  @Test func joinEverySegment() throws {
    var others: [ChainLayout] = []
    ChainLayout.forEach(of: 2, upTo: 1) { others.append($0) }
    try forEveryChain(of: [2], upTo: 2, with: { _ in others }) { bench, packet, model, layout in
      var more = PacketModel([0x71, 0x72].suffix(layout.byteCount))
      more.endsRecord = layout.byteCount == 1
      packet.join(try bench.build(layout, more))
      model.join(more)
    }
  }

  @Test func joinOntoEveryChain() throws {
    let others = [
      ChainLayout([SegmentLayout(2, .inner, .start)]),
      ChainLayout([SegmentLayout(0, .cluster, .end), SegmentLayout(2, .sharedCluster, .middle)]),
      ChainLayout([SegmentLayout(1, .lent, .middle), SegmentLayout(1, .inner, .end)]),
    ]
    try forEveryChain(with: { _ in others }) { bench, packet, model, layout in
      let more = PacketModel([0x71, 0x72])
      packet.join(try bench.build(layout, more))
      model.join(more)
    }
  }

  @Test func joinLongPackets() throws {
    for first in [0, 100, 168, 169, 2_000, 2_048, 5_000] {
      for second in [0, 1, 48, 168, 169, 2_048, 5_000] {
        try leakChecked { pool in
          var packet = try pool.packet(copying: unsafe Self.bytes(first).span.bytes)
          let model = PacketModel(Self.bytes(first) + Self.bytes(second))
          packet.join(try pool.packet(copying: unsafe Self.bytes(second).span.bytes))
          packet.checkInvariants()
          #expect(model.difference(from: packet) == nil)
        }
      }
    }
  }

  @Test func joinASharedCopyOfItself() throws {
    try forEveryChain { bench, packet, model in
      packet.join(try packet.sharedCopy())
      model.join(model)
      try bench.check(packet, model)
      // Every storage is seen twice from one packet: each copy must land in its own place.
      try packet.makeWritable()
      try bench.check(packet, model)
    }
  }

  @Test func joinAcrossPools() throws {
    try leakChecked { one in
      try leakChecked { other in
        var packet = try one.packet(copying: unsafe Self.bytes(100).span.bytes)
        packet.join(try other.packet(copying: unsafe Self.bytes(3_000).span.bytes))
        packet.checkInvariants()
        #expect(packet.allBytes == Self.bytes(100) + Self.bytes(3_000))
        try packet.append(Self.bytes(2_000))
        packet.checkInvariants()
        #expect(one.outstanding > 0 && other.outstanding > 0)
      }
    }
  }
}
