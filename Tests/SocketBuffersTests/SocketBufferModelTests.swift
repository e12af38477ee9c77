// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA

/// What a socket buffer holds, the naive way: records of pieces of one long text.
private struct Model {
  struct Piece {
    var type: Character
    var bytes: Range<Int>
  }

  struct Record {
    var pieces: [Piece] = []
    var isEnded = false

    var byteCount: Int { pieces.reduce(0) { $0 + $1.bytes.count } }
    /// Whether what follows control information in front is out-of-band.
    var isOutOfBand: Bool { pieces.first { $0.type != "c" }?.type == "o" }
  }

  var records: [Record] = []

  var byteCount: Int { records.reduce(0) { $0 + $1.byteCount } }
  var controlByteCount: Int {
    records.reduce(0) { sum, record in
      record.pieces.reduce(sum) { $1.type == "a" || $1.type == "c" ? $0 + $1.bytes.count : $0 }
    }
  }

  mutating func append(_ bytes: Range<Int>, isEnded: Bool) {
    if records.isEmpty, bytes.isEmpty, !isEnded { return }
    if records.last?.isEnded ?? true { records.append(Record()) }
    records[records.count - 1].pieces.append(Piece(type: "d", bytes: bytes))
    if isEnded { records[records.count - 1].isEnded = true }
  }

  mutating func insertOutOfBand(_ bytes: Range<Int>) {
    let place = records.firstIndex { !$0.isOutOfBand } ?? records.count
    records.insert(Record(pieces: [Piece(type: "o", bytes: bytes)]), at: place)
  }

  /// Takes bytes off the front, and returns where they are in the text.
  mutating func drop(_ byteCount: Int) -> [Int] {
    var dropped: [Int] = []
    var left = byteCount
    while left > 0 {
      let piece = records[0].pieces[0].bytes
      let count = Swift.min(left, piece.count)
      dropped += piece.prefix(count)
      left -= count
      if count < piece.count {
        records[0].pieces[0].bytes = piece.dropFirst(count)
        return dropped
      }
      records[0].pieces.removeFirst()
      if records[0].pieces.isEmpty {
        records.removeFirst()
        if left == 0 { return dropped }
      }
    }
    guard !records.isEmpty else { return dropped }
    while records[0].pieces.first?.bytes.isEmpty ?? false { records[0].pieces.removeFirst() }
    if records[0].pieces.isEmpty { records.removeFirst() }
    return dropped
  }
}

@Suite struct SocketBufferModelTests {
  private static let text = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 8) }

  private static func excerpt(_ pool: MbufPool, _ bytes: Range<Int>) throws(MbufError) -> Packet {
    let span = text.span
    return try unsafe pool.packet(copying: span.extracting(bytes).bytes, headroom: 4)
  }

  private static func matches(_ packet: borrowing Packet, _ places: [Int]) -> Bool {
    packet.byteCount == places.count && bytes(of: packet) == places.map { text[$0] }
  }

  @Test func randomAppendsAndDropsMatchTheModel() throws {
    try leakChecked { pool in
      var random = SeededRandom()
      var buffer = SocketBuffer(limit: 1_500, storageLimit: 12_000)
      var model = Model()
      var refusals = 0
      var step = 0
      while step < Steps.of(1_000_000) {
        let start = Int.random(in: 0..<3_000, using: &random)
        // Mostly few bytes, now and then enough for a cluster.
        let count = Int.random(in: 0..<(random.chance(5) ? 800 : 40), using: &random)
        let bytes = start..<start + count
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20 where buffer.space >= count:
          var packet = try Self.excerpt(pool, bytes)
          let isEnded = random.chance(30)
          if isEnded { packet.endsRecord = true }
          buffer.append(packet)
          model.append(bytes, isEnded: isEnded)
        case 20..<33 where buffer.space >= count:
          buffer.appendRecord(try Self.excerpt(pool, bytes))
          model.records.append(.init(pieces: [.init(type: "d", bytes: bytes)]))
        case 33..<50:
          let hasAddress = random.chance(60)
          let control = start..<start + (hasAddress && random.chance(50) ? 0 : 12)
          let address = start + 1..<start + (hasAddress ? 17 : 1)
          let isTaken = try appendParts(pool, &buffer, address, control, bytes)
          if !isTaken { refusals += 1 }
          #expect(isTaken || address.count + control.count + count > buffer.space)
          if isTaken {
            let parts: [(Character, Range<Int>)] = [("a", address), ("c", control), ("d", bytes)]
            let pieces = parts.filter { $0.0 == "d" || !$0.1.isEmpty }
            model.records.append(.init(pieces: pieces.map { .init(type: $0.0, bytes: $0.1) }))
          }
        case 50..<55 where buffer.space >= count:
          buffer.insertOutOfBand(try Self.excerpt(pool, bytes))
          model.insertOutOfBand(bytes)
        case 55..<80:
          let dropped = Int.random(in: 0...Swift.min(buffer.byteCount, 120), using: &random)
          buffer.drop(dropped)
          _ = model.drop(dropped)
        case 80..<88:
          let cut = Int.random(in: 0...Swift.min(buffer.byteCount, 120), using: &random)
          let places = model.drop(cut)
          if let front = try buffer.cut(cut) {
            expect(Self.matches(front, places), is: true)
          } else {
            // What is cut is empty, but empty segments may have gone.
            if cut == 0 { buffer.drop(0) }
            #expect(places.isEmpty)
          }
        case 88..<94:
          let record = model.records.isEmpty ? nil : model.records.removeFirst()
          let isEqual = try receive(&buffer, record)
          #expect(isEqual, "step \(step)")
        case 94..<98:
          expect(buffer.dropRecord(), is: !model.records.isEmpty)
          if !model.records.isEmpty { model.records.removeFirst() }
        case 98 where random.chance(5):
          buffer.flush()
          model.records = []
        default:
          continue
        }
        step += 1
        buffer.checkInvariants()
        guard
          buffer.byteCount == model.byteCount, buffer.recordCount == model.records.count,
          buffer.controlByteCount == model.controlByteCount
        else {
          Issue.record("step \(step): counts differ from the model's")
          return
        }
        if step % 256 == 0 {
          let expected = model.records.map { $0.pieces.flatMap { $0.bytes.map { Self.text[$0] } } }
          #expect(buffer.seen().map(\.bytes) == expected, "step \(step)")
          #expect(buffer.seen().map(\.isEnded) == model.records.map(\.isEnded), "step \(step)")
        }
      }
      #expect(refusals > Steps.of(1_000_000) / 1_000)
    }
  }

  private func appendParts(
    _ pool: MbufPool, _ buffer: inout SocketBuffer, _ address: Range<Int>, _ control: Range<Int>,
    _ bytes: Range<Int>
  ) throws -> Bool {
    var data: Packet? = try Self.excerpt(pool, bytes)
    var information: Packet?
    if !control.isEmpty { information = try Self.excerpt(pool, control) }
    do throws(SocketError) {
      if address.isEmpty {
        try buffer.appendControl(&information, data: &data)
      } else {
        let span = Self.text.span
        try unsafe buffer.appendAddress(
          span.extracting(address).bytes, control: &information, data: &data, from: pool)
      }
      return true
    } catch {
      return false
    }
  }

  private func receive(_ buffer: inout SocketBuffer, _ expected: Model.Record?) throws -> Bool {
    guard var record = try buffer.receiveRecord() else { return expected == nil }
    guard let expected else { return false }
    var isEqual = true
    for (type, part) in [("a", 0), ("c", 1), ("do", 2)] {
      let pieces = expected.pieces.filter { type.contains($0.type) }
      let packet =
        switch part {
        case 0: record.address.take()
        case 1: record.control.take()
        default: record.data.take()
        }
      if let packet {
        packet.checkInvariants()
        isEqual = isEqual && Self.matches(packet, pieces.flatMap { Array($0.bytes) })
      } else {
        isEqual = isEqual && pieces.allSatisfy { $0.bytes.isEmpty }
      }
    }
    return isEqual
  }

  @Test func withoutMemoryEverythingIsAsItWas() throws {
    let pool = MbufPool()
    let attempts = try pool.sweepFailures {
      var buffer = SocketBuffer(limit: 100_000)
      let address = payload(169, seed: 1)
      for _ in 0..<2 {
        var control: Packet? = try packet(pool, 20)
        var data: Packet? = try packet(pool, 3_000)
        let before = buffer.seen()
        do throws(SocketError) {
          try unsafe buffer.appendAddress(
            address.span.bytes, control: &control, data: &data, from: pool)
        } catch .noMemory(let error) {
          #expect(buffer.seen() == before)
          #expect(contents(of: control) == payload(20, seed: 0))
          #expect(contents(of: data) == payload(3_000, seed: 0))
          throw error
        }
      }
      // An address that has no room for a packet header, then bytes without one.
      for skip in [0, 200] {
        buffer.drop(skip)
        let before = buffer.seen()
        do {
          _ = try buffer.receiveRecord()
        } catch {
          #expect(buffer.seen() == before)
          throw error
        }
      }
      var stream = SocketBuffer(limit: 100_000)
      stream.coalesces = false
      for seed in 0..<3 { stream.appendStream(try packet(pool, 1_000, seed: seed)) }
      let before = stream.seen()
      do {
        _ = try stream.copyToSend(from: 500, byteCount: 2_000)
        _ = try stream.cut(1_500)
      } catch {
        #expect(stream.seen() == before)
        throw error
      }
    }
    #expect(attempts > 15)
    #expect(pool.outstanding == 0)
  }

  private func contents(of packet: borrowing Packet?) -> [UInt8] {
    switch packet {
    case .some(let packet): bytes(of: packet)
    case nil: []
    }
  }
}
