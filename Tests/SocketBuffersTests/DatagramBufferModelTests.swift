// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import UMA
import Wire

/// What a datagram buffer does, the naive way.
struct DatagramBufferModel {
  struct Record {
    var seed: Int
    var byteCount: Int
    var source: Endpoint
    var destination: Endpoint
    var storageByteCount: Int

    var recordByteCount: Int { byteCount + source.modelByteCount + destination.modelByteCount }
  }

  var records: [Record] = []
  var drops: UInt64 = 0
  let limit: Int

  var byteCount: Int { records.reduce(0) { $0 + $1.recordByteCount } }
  var storageByteCount: Int { records.reduce(0) { $0 + $1.storageByteCount } }
  var space: Int { min(limit - byteCount, 8 * limit - storageByteCount) }

  mutating func append(_ record: Record) -> Bool {
    guard space >= record.recordByteCount else {
      drops += 1
      return false
    }
    records.append(record)
    return true
  }
}

extension Endpoint {
  var modelByteCount: Int { if case .v4 = address { 8 } else { 20 } }
}

@Suite struct DatagramBufferModelTests {
  @Test func aHundredThousandRandomOperationsMatchTheModel() throws {
    var random = SeededRandom()
    let pool = MbufPool()
    var buffer = DatagramBuffer(limit: 600)
    var model = DatagramBufferModel(limit: 600)
    for step in 0..<100_000 {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<55:
        let byteCount = Int.random(
          in: 0..<(Bool.random(using: &random) ? 120 : 2_500), using: &random)
        let headroom = [0, 15, 16, 40, 100][Int.random(in: 0..<5, using: &random)]
        let source = Bool.random(using: &random) ? alice : carol
        let destination = Bool.random(using: &random) ? bob : carol
        let addresses = source.modelByteCount + destination.modelByteCount
        let datagram = try packet(pool, byteCount, seed: step, headroom: headroom)
        let storage =
          datagram.storageByteCount
          + (datagram.headroom < addresses ? MbufLayout.mbufByteCount : 0)
        let isAppended = model.append(
          DatagramBufferModel.Record(
            seed: step, byteCount: byteCount, source: source, destination: destination,
            storageByteCount: storage))
        let result = buffer.append(datagram, from: source, to: destination)
        #expect(result == (isAppended ? .appended : .full))
      case 55..<97:
        let expected = model.records.isEmpty ? nil : model.records.removeFirst()
        if let back = buffer.receive() {
          #expect(back.source == expected?.source && back.destination == expected?.destination)
          let same =
            bytes(of: back.packet)
            == payload(expected?.byteCount ?? -1, seed: expected?.seed ?? 0)
          #expect(same, "step \(step)")
        } else {
          #expect(expected == nil)
        }
      case 97, 98:
        expect(buffer.dropFirst(), is: !model.records.isEmpty)
        if !model.records.isEmpty { model.records.removeFirst() }
      default:
        buffer.flush()
        model.records = []
      }
      buffer.checkInvariants()
      guard
        buffer.recordCount == model.records.count, buffer.byteCount == model.byteCount,
        buffer.storageByteCount == model.storageByteCount, buffer.space == model.space,
        buffer.drops == model.drops
      else {
        Issue.record("step \(step): counts differ from the model's")
        return
      }
    }
    buffer.flush()
    #expect(pool.outstanding == 0)
    pool.checkInvariants()
  }
}
