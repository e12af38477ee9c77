// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing

@Suite struct SocketBufferTypeTests {
  @Test func chainsWithoutAHeaderAreAppendedLikePackets() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      buffer.appendStream(MbufChain())
      expect(buffer.isEmpty, is: true)
      buffer.appendStream(try packet(pool, 1_000).demoted())
      buffer.append(try packet(pool, 30, seed: 1).demoted())
      #expect(buffer.seen().map(\.byteCounts) == [[1_030]])
      guard var record = try buffer.receiveRecord(), let data = record.data.take() else {
        Issue.record("nothing received")
        return
      }
      data.checkInvariants()
      #expect(bytes(of: data) == payload(1_000, seed: 0) + payload(30, seed: 1))
    }
  }

  @Test func thePoolCountsWhatWaitsByItsType() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      var control: Packet? = try packet(pool, 3)
      var data: Packet? = try packet(pool, 300)
      let address = payload(16, seed: 0)
      try unsafe buffer.appendAddress(
        address.span.bytes, control: &control, data: &data, from: pool)
      buffer.insertOutOfBand(try packet(pool, 1))
      for type in [MbufType.address, .control, .outOfBand] {
        #expect(pool.statistics().mbufsInUse(holding: type) == 1)
      }
      buffer.flush()
      for type in [MbufType.address, .control, .outOfBand] {
        #expect(pool.statistics().mbufsInUse(holding: type) == 0)
      }
    }
  }

  @Test func aDatagramIsDataWhateverItWasBefore() throws {
    try leakChecked { pool in
      for type in [MbufType.data, .address, .control, .outOfBand] {
        for headroom in [0, 40] {
          var buffer = DatagramBuffer(limit: 10_000)
          var datagram = try packet(pool, 5_000, headroom: headroom)
          datagram.type = type
          expect(buffer.append(datagram, from: alice, to: bob), is: .appended)
          var next: Packet? = try packet(pool, 30)
          next?.type = type
          var control: Packet? = try packet(pool, 4, seed: 1)
          expect(buffer.append(&next, control: &control, from: carol, to: bob), is: .appended)
          buffer.checkInvariants()
          for byteCount in [5_000, 30] {
            guard let back = buffer.receive() else {
              Issue.record("nothing received")
              return
            }
            back.packet.checkInvariants()
            #expect(bytes(of: back.packet) == payload(byteCount, seed: 0))
          }
        }
      }
    }
  }

  @Test func controlInformationMayStandWhereDataIsExpected() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      var control: Packet? = try packet(pool, 3)
      var data: Packet? = try packet(pool, 200, seed: 1)
      data?.type = .control
      try buffer.appendControl(&control, data: &data)
      #expect(buffer.controlByteCount == 203)
      guard var record = try buffer.receiveRecord(), let all = record.control.take() else {
        Issue.record("nothing received")
        return
      }
      all.checkInvariants()
      #expect(bytes(of: all) == payload(3, seed: 0) + payload(200, seed: 1))
    }
  }
}
