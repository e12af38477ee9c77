// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct SplitTests {
  @Test func everyOffset() throws {
    try forEveryChain(with: { Array(0...$0) }) { bench, packet, model, offset in
      let rest = try packet.split(at: offset)
      let restModel = model.split(at: offset)
      try bench.check(packet, model)
      try bench.settle(rest, restModel)
    }
  }

  @Test func andJoinedAgain() throws {
    try forEveryChain(of: [4], with: { Array(0...$0) }) { _, packet, _, offset in
      packet.join(try packet.split(at: offset))
    }
  }

  @Test func tooShort() throws {
    try forEveryChain { _, packet, model in
      try demandTooShort(model.byteCount) { _ = try packet.split(at: model.byteCount + 1) }
    }
  }

  @Test(arguments: [100, 168, 169, 200, 2_048, 5_000])
  func longPackets(_ byteCount: Int) throws {
    let bytes = GrowTests.bytes(byteCount)
    for offset in [0, 1, 31, 32, 33, 99, 100, byteCount - 169, byteCount - 168, byteCount - 1]
    where offset >= 0 {
      try leakChecked { pool in
        var packet = try pool.packet(copying: unsafe bytes.span.bytes)
        var rest = try packet.split(at: offset)
        packet.checkInvariants()
        rest.checkInvariants()
        #expect(packet.allBytes == Array(bytes[..<offset]))
        #expect(rest.allBytes == Array(bytes[offset...]))
        // Neither may be seen in the other, whatever both write.
        try packet.copyIn([UInt8](repeating: 1, count: offset + 40), at: 0)
        try rest.copyIn([UInt8](repeating: 2, count: rest.byteCount), at: 0)
        try rest.prepend(50)
        #expect(packet.allBytes == [UInt8](repeating: 1, count: offset + 40))
        #expect(rest.allBytes.dropFirst(50).allSatisfy { $0 == 2 })
      }
    }
  }

  @Test func innerDataBeyondAPacketHeadersRoom() throws {
    // 216 bytes in a plain mbuf leave no room for a packet header when the chain is cut there.
    try leakChecked { pool in
      var packet = try pool.smallPacket()
      try packet.append(GrowTests.bytes(168))
      try packet.append(GrowTests.bytes(216))
      #expect(packet.segmentCount == 2)
      for offset in [168, 169, 170, 215, 216, 300] {
        var copy = try packet.duplicate()
        copy.trimBack(copy.byteCount)
        copy.join(try packet.sharedCopy())
        let rest = try copy.split(at: offset)
        copy.checkInvariants()
        rest.checkInvariants()
        #expect(copy.allBytes + rest.allBytes == packet.allBytes)
      }
      let rest = try packet.split(at: 168)
      rest.checkInvariants()
      #expect(rest.allBytes == GrowTests.bytes(216))
    }
  }
}
