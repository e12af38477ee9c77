// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

/// The mark of a record's end, by the bytes alone: how they lie makes no difference.
///
/// That every operation keeps the rule over every small layout is checked with the bytes, since the
/// model knows the mark.
@Suite struct MarksTests {
  /// A record of 600 bytes that ends, in segments of these lengths.
  private func record(_ lengths: [Int], _ pool: MbufPool) throws(MbufError) -> Packet {
    let bytes = GrowTests.bytes(lengths.reduce(0, +))
    var chain = MbufChain()
    var start = 0
    for length in lengths {
      let piece = [UInt8](bytes[start..<start + length])
      chain.append(try pool.packet(copying: unsafe piece.span.bytes))
      start += length
    }
    guard var packet = try chain.takePacket() else { preconditionFailure("no segments") }
    packet.endsRecord = true
    return packet
  }

  private static let layouts = [
    [600], [300, 300], [200, 400], [400, 200], [0, 600], [600, 0], [300, 0, 300], [300, 300, 0, 0],
  ]

  @Test(arguments: layouts) func thePartWithTheLastByteHasTheMark(_ lengths: [Int]) throws {
    try leakChecked { pool in
      for offset in [0, 1, 200, 300, 599, 600] {
        var front = try record(lengths, pool)
        let rest = try front.split(at: offset)
        front.checkInvariants()
        rest.checkInvariants()
        #expect(front.endsRecord == (offset == 600), "\(lengths) at \(offset)")
        #expect(rest.endsRecord == (offset < 600), "\(lengths) at \(offset)")
        front.join(rest)
        front.checkInvariants()
        #expect(front.endsRecord == true, "\(lengths) at \(offset), joined again")
      }
    }
  }

  @Test(arguments: layouts) func aPacketThatIsTrimmedStillEndsItsRecord(_ lengths: [Int])
    throws
  {
    try leakChecked { pool in
      for count in [0, 1, 300, 599, 600] {
        var packet = try record(lengths, pool)
        packet.trimFront(count)
        packet.checkInvariants()
        #expect(packet.endsRecord == true, "\(lengths), \(count) off the front")
        packet = try record(lengths, pool)
        packet.trimBack(count)
        packet.checkInvariants()
        #expect(packet.endsRecord == true, "\(lengths), \(count) off the back")
        packet.trimFront(packet.byteCount)
        #expect(packet.endsRecord == true, "\(lengths), all of it")
      }
    }
  }

  @Test(arguments: layouts) func aChainKeepsTheRuleToo(_ lengths: [Int]) throws {
    try leakChecked { pool in
      for offset in [0, 1, 300, 600] {
        var front = try record(lengths, pool).demoted()
        var rest = try front.split(at: offset)
        front.checkInvariants()
        rest.checkInvariants()
        #expect(try endsRecord(&front) == (offset == 600), "\(lengths) at \(offset)")
        #expect(try endsRecord(&rest) == (offset < 600), "\(lengths) at \(offset)")
        front.append(rest)
        front.checkInvariants()
        #expect(try endsRecord(&front) == true, "\(lengths) at \(offset), joined again")
        front.trimFront(offset)
        front.checkInvariants()
        #expect(try endsRecord(&front) == true, "\(lengths), \(offset) off the front")
        front = try record(lengths, pool).demoted()
        front.trimBack(offset)
        front.checkInvariants()
        #expect(try endsRecord(&front) == true, "\(lengths), \(offset) off the back")
      }
    }
  }

  /// False for a chain of no mbufs, which has no place for a mark.
  private func endsRecord(_ chain: inout MbufChain) throws -> Bool {
    try chain.withPacket { packet throws(MbufError) in packet.endsRecord } ?? false
  }

  @Test(arguments: layouts) func aRecordGoesOnWhereBytesThatDoNotEndItAreJoined(
    _ lengths: [Int]
  ) throws {
    try leakChecked { pool in
      for added in [0, 1, 600] {
        for isEnded in [false, true] {
          var packet = try record(lengths, pool)
          var more = try pool.packet()
          try more.appendZeroes(added)
          more.endsRecord = isEnded
          packet.join(more)
          packet.checkInvariants()
          #expect(packet.endsRecord == (isEnded || added == 0), "\(lengths), \(added) joined")
        }
      }
    }
  }
}
