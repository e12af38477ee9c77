// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA

/// Appends address, control and data, and tells why not.
private func appendAddress(
  _ buffer: inout SocketBuffer, _ pool: MbufPool, _ address: [UInt8], _ control: [UInt8]? = nil,
  _ data: [UInt8]? = nil
) throws -> SocketError? {
  var control = try control.map { bytes throws(MbufError) in try pool.packet(bytes) }
  var data = try data.map { bytes throws(MbufError) in try pool.packet(bytes) }
  do throws(SocketError) {
    try unsafe buffer.appendAddress(address.span.bytes, control: &control, data: &data, from: pool)
    let isTaken = isNil(control) && isNil(data)
    #expect(isTaken)
    return nil
  } catch {
    return error
  }
}

private func isNil(_ packet: borrowing Packet?) -> Bool {
  switch packet {
  case .some: false
  case nil: true
  }
}

extension MbufPool {
  fileprivate func packet(_ bytes: [UInt8]) throws(MbufError) -> Packet {
    try unsafe packet(copying: bytes.span.bytes, headroom: 8)
  }
}

@Suite struct SocketBufferTests {
  @Test func appendGoesOnWithARecordUntilThatEnds() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      buffer.append(try pool.packet([1, 2]))
      buffer.append(try pool.packet([3]))
      #expect(buffer.seen() == [SeenRecord(bytes: [1, 2, 3], types: "d", byteCounts: [3])])
      var end = try pool.packet([4])
      end.endsRecord = true
      buffer.append(end)
      buffer.append(try pool.packet([5]))
      #expect(
        buffer.seen() == [
          SeenRecord(bytes: [1, 2, 3, 4], types: "d", isEnded: true, byteCounts: [4]),
          SeenRecord(bytes: [5], types: "d", byteCounts: [1]),
        ])
      #expect(buffer.byteCount == 5 && buffer.recordCount == 2 && buffer.storageByteCount == 512)
    }
  }

  @Test func nothingAppendedToNothingIsNothing() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      buffer.append(try pool.packet([]))
      buffer.appendStream(try pool.packet([]))
      #expect(buffer.isEmpty && buffer.storageByteCount == 0)
      // The mark of an end has to stand somewhere.
      var end = try pool.packet([])
      end.endsRecord = true
      buffer.append(end)
      #expect(buffer.seen() == [SeenRecord(types: "d", isEnded: true, byteCounts: [0])])
      buffer.drop(0)
      #expect(buffer.isEmpty && buffer.storageByteCount == 0)
    }
  }

  @Test func aStreamHasFewSegmentsAndAsManyAsComeIfItIsToldSo() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      buffer.appendStream(try packet(pool, 1_000))
      for seed in 1...4 { buffer.appendStream(try packet(pool, 200, seed: seed)) }
      #expect(buffer.seen().map(\.byteCounts) == [[1_800]])
      // 513 bytes are worth their cluster, and 300 no longer fit behind them once it is full.
      buffer.appendStream(try packet(pool, 513))
      #expect(buffer.seen().map(\.byteCounts) == [[1_800, 513]])
      buffer.coalesces = false
      buffer.appendStream(try packet(pool, 1))
      #expect(buffer.seen().map(\.byteCounts) == [[1_800, 513, 1]])
      #expect(buffer.segmentCount == 3 && buffer.externalSegmentCount == 2)
      #expect(buffer.storageByteCount == 2 * 2_304 + 256)
      let expected =
        payload(1_000, seed: 0) + (1...4).flatMap { payload(200, seed: $0) } + payload(513, seed: 0)
        + payload(1, seed: 0)
      #expect(buffer.seen()[0].bytes == expected)
      #expect(buffer.recordCount == 1)
    }
  }

  @Test func aStreamGoesOnBehindTheMarkOfAnEndWhichStaysAtItsEndOnly() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      var first = try pool.packet([1])
      first.endsRecord = true
      buffer.appendStream(first)
      buffer.appendStream(try pool.packet([]))
      #expect(buffer.seen() == [SeenRecord(bytes: [1], types: "d", isEnded: true, byteCounts: [1])])
      buffer.appendStream(try pool.packet([2]))
      buffer.checkInvariants()
      #expect(buffer.seen() == [SeenRecord(bytes: [1, 2], types: "d", byteCounts: [1, 1])])
      buffer.appendStream(try pool.packet([3]))
      #expect(buffer.seen() == [SeenRecord(bytes: [1, 2, 3], types: "d", byteCounts: [1, 2])])
    }
  }

  @Test func sharedStorageIsNotWrittenBehind() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      var original = try packet(pool, 600)
      buffer.appendStream(try original.sharedCopy())
      buffer.appendStream(try packet(pool, 5))
      #expect(buffer.seen().map(\.byteCounts) == [[600, 5]])
      #expect(bytes(of: original) == payload(600, seed: 0))
    }
  }

  @Test func aRecordKeepsItsBoundariesEmptyOrNot() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      buffer.appendRecord(try pool.packet([1]))
      buffer.appendRecord(try pool.packet([]))
      buffer.appendRecord(try pool.packet([2, 3]))
      #expect(buffer.seen().map(\.bytes) == [[1], [], [2, 3]])
      #expect(buffer.recordCount == 3 && buffer.byteCount == 3)
      expect(buffer.dropRecord(), is: true)
      expect(buffer.dropRecord(), is: true)
      #expect(buffer.seen().map(\.bytes) == [[2, 3]])
      expect(buffer.dropRecord(), is: true)
      expect(buffer.dropRecord(), is: false)
      expect(buffer.isEmpty, is: true)
    }
  }

  @Test func anAddressControlInformationAndDataComeBackAsTheyWentIn() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      let address = payload(216, seed: 3)
      for (length, hasControl, hasData) in [
        (16, true, true), (168, false, true), (216, true, false), (1, false, false),
        (169, true, true),
      ] {
        var control: Packet? = hasControl ? try packet(pool, 30, seed: 1) : nil
        var data: Packet?
        if hasData {
          var packet = try packet(pool, 500, seed: 2)
          packet.timestampInNanoseconds = 99
          packet.endsRecord = true
          data = consume packet
        }
        let bytes = Array(address.prefix(length))
        try unsafe buffer.appendAddress(
          bytes.span.bytes, control: &control, data: &data, from: pool)
        #expect(buffer.controlByteCount == length + (hasControl ? 30 : 0))
        buffer.checkInvariants()
        guard let record = try buffer.receiveRecord() else {
          Issue.record("no record")
          return
        }
        try check(record, bytes, hasControl: hasControl, hasData: hasData)
        #expect(buffer.seen() == [])
      }
    }
  }

  private func check(
    _ record: consuming Record, _ address: [UInt8], hasControl: Bool, hasData: Bool
  ) throws {
    guard let sender = record.address.take() else {
      Issue.record("no address")
      return
    }
    #expect(bytes(of: sender) == address)
    sender.checkInvariants()
    let control = record.control.take()
    let data = record.data.take()
    #expect(isNil(control) != hasControl && isNil(data) != hasData)
    if let control {
      #expect(bytes(of: control) == payload(30, seed: 1))
      control.checkInvariants()
    }
    if let data {
      #expect(bytes(of: data) == payload(500, seed: 2))
      #expect(data.timestampInNanoseconds == 99 && data.endsRecord)
      data.checkInvariants()
    }
  }

  @Test func whatFindsNoSpaceOrIsTooLongIsNotTaken() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 100)
      #expect(try appendAddress(&buffer, pool, [1], [2, 3], payload(97, seed: 0)) == nil)
      #expect(buffer.space == 0)
      #expect(
        try appendAddress(&buffer, pool, [1]) == .noSpace(wanted: 1, available: 0))
      buffer.flush()
      #expect(
        try appendAddress(&buffer, pool, [1], nil, payload(100, seed: 0))
          == .noSpace(wanted: 101, available: 100))
      var control: Packet? = try packet(pool, 60)
      var data: Packet? = try packet(pool, 41)
      var error: SocketError?
      do throws(SocketError) {
        try buffer.appendControl(&control, data: &data)
      } catch let thrown {
        error = thrown
      }
      #expect(error == .noSpace(wanted: 101, available: 100))
      #expect(!isNil(control) && !isNil(data) && buffer.isEmpty)
      var large = SocketBuffer(limit: 1_000)
      #expect(
        try appendAddress(&large, pool, payload(217, seed: 0))
          == .addressTooLong(wanted: 217, largest: 216))
      expect(large.isEmpty, is: true)
    }
  }

  @Test func controlInformationGoesInFrontOfItsData() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 1_000)
      var control: Packet? = try pool.packet([1, 2])
      var data: Packet? = try pool.packet([3])
      try buffer.appendControl(&control, data: &data)
      control = try pool.packet([4])
      try buffer.appendControl(&control, data: &data)
      #expect(buffer.seen().map(\.types) == ["cd", "c"])
      #expect(buffer.controlByteCount == 3)
      // Data behind a record of control information alone is its data.
      buffer.append(try pool.packet([5]))
      #expect(buffer.seen().map(\.types) == ["cd", "cd"])
      for expected in [[[1, 2], [3]], [[4], [5]]] as [[[UInt8]]] {
        guard var record = try buffer.receiveRecord(), let control = record.control.take(),
          let data = record.data.take()
        else {
          Issue.record("a part is missing")
          return
        }
        #expect([bytes(of: control), bytes(of: data)] == expected)
      }
    }
  }

  @Test func outOfBandDataStandsBeforeTheRestInItsOrder() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 1_000)
      buffer.insertOutOfBand(try pool.packet([1]))
      buffer.appendRecord(try pool.packet([2]))
      buffer.insertOutOfBand(try pool.packet([3]))
      buffer.appendRecord(try pool.packet([4]))
      #expect(buffer.seen().map(\.bytes) == [[1], [3], [2], [4]])
      #expect(buffer.seen().map(\.types) == ["o", "o", "d", "d"])
      #expect(buffer.controlByteCount == 0)
      buffer.flush()
      // Alone in the buffer it is the last record as well, and the next one finds it.
      buffer.insertOutOfBand(try pool.packet([5]))
      buffer.appendRecord(try pool.packet([6]))
      buffer.append(try pool.packet([7]))
      #expect(buffer.seen().map(\.bytes) == [[5], [6, 7]])
      buffer.flush()
      buffer.appendRecord(try pool.packet([8]))
      buffer.insertOutOfBand(try pool.packet([9]))
      buffer.append(try pool.packet([10]))
      #expect(buffer.seen().map(\.bytes) == [[9], [8, 10]])
    }
  }

  @Test func dropGoesAcrossRecordsAndTakesWhatIsLeftEmpty() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 10_000)
      for (seed, byteCount) in [10, 0, 300, 20].enumerated() {
        buffer.appendRecord(try packet(pool, byteCount, seed: seed))
      }
      buffer.drop(4)
      #expect(buffer.seen().map(\.bytes.count) == [6, 0, 300, 20])
      // The next record is not looked at, though it is empty.
      buffer.drop(6)
      #expect(buffer.seen().map(\.bytes.count) == [0, 300, 20])
      buffer.drop(301)
      #expect(buffer.seen().map(\.bytes.count) == [19])
      #expect(buffer.seen()[0].bytes == Array(payload(20, seed: 3).dropFirst()))
      buffer.append(try packet(pool, 1))
      buffer.drop(20)
      #expect(buffer.isEmpty && buffer.storageByteCount == 0)
      buffer.append(try packet(pool, 1))
      #expect(buffer.recordCount == 1)
    }
  }

  @Test func cutHandsOverWhatDropWouldFree() throws {
    try leakChecked { pool in
      for cut in 0...70 {
        var buffer = SocketBuffer(limit: 10_000)
        var dropped = SocketBuffer(limit: 10_000)
        for (seed, byteCount) in [10, 0, 40, 20].enumerated() {
          buffer.appendRecord(try packet(pool, byteCount, seed: seed))
          dropped.appendRecord(try packet(pool, byteCount, seed: seed))
        }
        let all = buffer.seen().flatMap(\.bytes)
        let front = try buffer.cut(cut)
        dropped.drop(cut)
        #expect(buffer.seen() == dropped.seen(), "cut \(cut)")
        if let front {
          front.checkInvariants()
          #expect(bytes(of: front) == Array(all.prefix(cut)))
        } else {
          #expect(cut == 0)
        }
      }
      // Through a cluster: short pieces are copied, long ones share it.
      var buffer = SocketBuffer(limit: 10_000)
      buffer.appendStream(try packet(pool, 2_000))
      for count in [100, 1_000, 900] {
        if let piece = try buffer.cut(count) {
          piece.checkInvariants()
          #expect(piece.byteCount == count)
        }
        buffer.checkInvariants()
      }
      expect(buffer.isEmpty, is: true)
    }
  }

  @Test func sendsInOrderAndAgainShowTheBytesOfTheStream() throws {
    try leakChecked { pool in
      var random = SeededRandom()
      var buffer = SocketBuffer(limit: 1 << 20)
      buffer.coalesces = false
      var stream: [UInt8] = []
      var sent = 0
      for step in 0..<2_000 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
          let more = Int.random(in: 0..<700, using: &random)
          buffer.appendStream(try packet(pool, more, seed: step))
          stream += payload(more, seed: step)
        case 4..<7 where sent < stream.count:
          let count = Int.random(in: 1...Swift.min(1_460, stream.count - sent), using: &random)
          let copy = try buffer.copyToSend(from: sent, byteCount: count)
          copy.checkInvariants()
          #expect(bytes(of: copy) == Array(stream[sent..<sent + count]))
          sent += count
        case 7 where sent > 0:
          // Again, from somewhere before.
          let from = Int.random(in: 0..<sent, using: &random)
          let count = Int.random(in: 0...sent - from, using: &random)
          var seen: [UInt8] = []
          buffer.forEachSegmentToSend(from: from, byteCount: count) { piece in
            unsafe piece.withUnsafeBytes { unsafe seen.append(contentsOf: $0) }
          }
          #expect(seen == Array(stream[from..<from + count]))
        default:
          let acknowledged = Int.random(in: 0...sent, using: &random)
          buffer.drop(acknowledged)
          stream.removeFirst(acknowledged)
          sent -= acknowledged
        }
        buffer.checkInvariants()
      }
      #expect(buffer.byteCount == stream.count)
    }
  }

  @Test func flushAndReleaseLeaveNothing() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 1_000)
      buffer.lowWater = 5_000
      #expect(buffer.lowWater == 1_000)
      #expect(try appendAddress(&buffer, pool, [1], [2], [3]) == nil)
      buffer.insertOutOfBand(try pool.packet([4]))
      buffer.flush()
      #expect(buffer.seen() == [] && buffer.isEmpty)
      #expect(buffer.controlByteCount == 0 && buffer.segmentCount == 0)
      buffer.append(try pool.packet([5]))
      buffer.release()
      #expect(buffer.limit == 0 && buffer.storageLimit == 0 && buffer.isEmpty)
      buffer.checkInvariants()
    }
  }

  @Test func moreThanThereIsCannotBeDropped() async {
    await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var buffer = SocketBuffer(limit: 1_000)
      buffer.append(try packet(MbufPool(), 3))
      buffer.drop(4)
    }
    await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let pool = MbufPool()
      var buffer = SocketBuffer(limit: 1_000)
      buffer.appendRecord(try packet(pool, 3))
      buffer.appendRecord(try packet(pool, 3))
      buffer.appendStream(try packet(pool, 3))
    }
  }
}
