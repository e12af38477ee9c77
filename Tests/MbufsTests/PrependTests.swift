// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

/// Bytes in front that are written where they stay.
@Suite struct PrependTests {
  private func prepend(_ bytes: [UInt8], _ packet: inout Packet) throws(MbufError) {
    try packet.prepend(bytes.count) { output in
      for byte in bytes { output.append(byte) }
    }
  }

  @Test func everyChain() throws {
    try forEveryChain(of: [0, 1, 3], upTo: 3, with: { _ in [0, 1, 8, 170] }) {
      _, packet, model, count in
      let bytes = GrowTests.bytes(count)
      try prepend(bytes, &packet)
      model.prepend(bytes)
      if count > 0, packet.contiguousByteCount < count { throw Failure(description: "in pieces") }
    }
  }

  @Test func failing() throws {
    try failingEachAllocation(of: [0, 2], upTo: 2, with: { _ in [8, 170, 3_000] }) {
      _, packet, model, count in
      let bytes = GrowTests.bytes(count)
      try prepend(bytes, &packet)
      model.prepend(bytes)
    }
  }

  @Test func whatThrowsWhileItWritesLeavesThePacketAsItWas() throws {
    try forEveryChain(of: [0, 3], upTo: 3, with: { _ in [1, 8, 170] }) { _, packet, _, count in
      let segments = packet.segmentCount
      do {
        try packet.prepend(count) { (output) throws(MbufError) in
          output.append(0xff)
          throw MbufError.tooLong(wanted: 1, limit: 0)
        }
        throw Failure(description: "nothing was thrown")
      } catch let error as MbufError {
        if error != .tooLong(wanted: 1, limit: 0) { throw error }
      }
      if packet.segmentCount != segments { throw Failure(description: packet.dump()) }
    }
  }

  @Test func moreThanAnyStorageHasIsRefused() throws {
    try leakChecked { pool in
      var packet = try pool.packet(copying: unsafe GrowTests.bytes(3).span.bytes)
      let limit = MbufLayout.largestContiguousByteCount
      #expect(throws: MbufError.tooLong(wanted: limit + 1, limit: limit)) {
        try packet.prepend(limit + 1) { _ in }
      }
      try prepend(GrowTests.bytes(limit), &packet)
      #expect([UInt8](copying: packet) == GrowTests.bytes(limit) + GrowTests.bytes(3))
    }
  }

  @Test func headroomIsLeftForTheNextHeader() throws {
    try leakChecked { pool in
      var packet = try pool.smallPacket()
      try prepend(GrowTests.bytes(20), &packet)
      #expect(packet.segmentCount == 2 && packet.headroom == 144)
      try prepend(GrowTests.bytes(14), &packet)
      #expect(packet.segmentCount == 2 && packet.headroom == 130)
    }
  }

  @Test func bytesThatAreNotWrittenTrap() async {
    await #expect(processExitsWith: .failure) {
      var packet = try MbufPool().packet(headroom: 64)
      try packet.prepend(8) { output in output.append(1) }
    }
  }
}
