// SPDX-License-Identifier: BSD-2-Clause
import SocketBuffers
import TestSupport

@testable import Mbufs

/// A recorded sequence on one receive buffer, while it is run.
final class SocketBufferRun {
  private let vector: VectorCase
  private let bench: VectorBench
  private var buffer = SocketBuffer()

  init(_ vector: VectorCase, _ bench: VectorBench) {
    self.vector = vector
    self.bench = bench
  }

  func run() throws {
    _ = reserve(vector.json["hiwat"]?.int ?? 0)
    for (number, step) in (vector.json["steps"]?.array ?? []).enumerated() {
      do {
        let ret = try self.step(step)
        buffer.checkInvariants()
        if let wanted = step["ret"], wanted != ret.map({ .int($0) }) {
          throw Failure("gave \(ret.map { "\($0)" } ?? "nothing"), recorded \(wanted)")
        }
        let found = content
        if found != step["c"] {
          throw Failure("found \(found), recorded \(step["c"] ?? .null)")
        }
      } catch {
        throw Failure("step \(number + 1), \(step["op"]?.string ?? "?"): \(error)")
      }
    }
    if vector.content["final_cc"] != .int(buffer.byteCount) {
      throw Failure("\(buffer.byteCount) bytes at the end, recorded \(vector.content)")
    }
    buffer.flush()
    buffer.checkInvariants()
  }

  private func reserve(_ limit: Int) -> Int {
    do throws(SocketError) { try buffer.reserve(limit: limit) } catch { return 0 }
    return 1
  }

  /// The packet of a step; one without a header is given one, since a buffer takes packets.
  private func packet(_ json: JSON?) throws -> Packet? {
    guard let spec = ChainSpec(json) else { return nil }
    let chain = try bench.build(spec)
    if let packet = chain.takePacket() { return packet }
    guard var plain = chain.takePlain() else { return nil }
    return try plain.takePacket()
  }

  private func data(_ step: JSON) throws -> Packet {
    guard let packet = try packet(step["m"]) else { throw Failure("no data") }
    return packet
  }

  /// Makes a step; what the call gave, if anything.
  private func step(_ step: JSON) throws -> Int? {
    switch step["op"]?.string {
    case "sbappend": buffer.append(try data(step))
    case "sbappendstream": buffer.appendStream(try data(step))
    case "sbappendrecord": buffer.appendRecord(try data(step))
    case "sbinsertoob": buffer.insertOutOfBand(try data(step))
    case "sbappendaddr": return try appendAddress(step)
    case "sbappendcontrol":
      var control = try packet(step["ctl"])
      var data = try packet(step["m"])
      return refused { () throws(SocketError) in
        try buffer.appendControl(&control, data: &data)
      }
    case "sbdrop": buffer.drop(step["len"]?.int ?? 0)
    case "sbdroprecord": buffer.dropRecord()
    case "sbflush": buffer.flush()
    case "sbreserve": return reserve(step["cc"]?.int ?? 0)
    case "sbsndptr": return try send(step["off"]?.int ?? 0, step["len"]?.int ?? 0)
    default: throw Failure("no runner")
    }
    return nil
  }

  private func refused(_ body: () throws(SocketError) -> Void) -> Int {
    do throws(SocketError) { try body() } catch { return 0 }
    return 1
  }

  private func appendAddress(_ step: JSON) throws -> Int {
    let count = step["salen"]?.int ?? 0
    var address = BytePattern.bytes(count, seed: step["sas"]?.int ?? 0)
    address[0] = UInt8(truncatingIfNeeded: count)
    address[1] = 2
    var control = try packet(step["ctl"])
    var data = try packet(step["m"])
    return refused { () throws(SocketError) in
      try buffer.appendAddress(
        unsafe address.span.bytes, control: &control, data: &data, from: bench.pool)
    }
  }

  /// Looks at bytes to send; where they were found, as the place in the stream.
  private func send(_ offset: Int, _ byteCount: Int) throws -> Int {
    var stream: [UInt8] = []
    buffer.forEachSegment { _, bytes in
      unsafe bytes.withUnsafeBytes { unsafe stream.append(contentsOf: $0) }
    }
    var seen: [UInt8] = []
    buffer.forEachSegmentToSend(from: offset, byteCount: byteCount) { piece in
      unsafe piece.withUnsafeBytes { unsafe seen.append(contentsOf: $0) }
    }
    if seen[...] != stream[offset..<offset + byteCount] { throw Failure("other bytes to send") }
    return offset
  }

  // MARK: What is in it

  private struct RecordFound {
    var bytes: [UInt8] = []
    var types = ""
    var endsRecord = false
  }

  /// As it is recorded.
  private var content: JSON {
    var records: [RecordFound] = []
    buffer.forEachSegment { place, bytes in
      if place.recordNumber == records.count { records.append(RecordFound()) }
      let number = place.recordNumber
      unsafe bytes.withUnsafeBytes { unsafe records[number].bytes.append(contentsOf: $0) }
      let letter = Self.letter(place.type)
      if records[number].types.last != letter { records[number].types.append(letter) }
      if place.endsRecord { records[number].endsRecord = true }
    }
    return .object([
      "cc": .int(buffer.byteCount), "ctl": .int(buffer.controlByteCount),
      "rec": .array(
        records.map { record in
          .array([
            .int(record.bytes.count), .string(BytePattern.hash(record.bytes)),
            .string(record.types), .int(record.endsRecord ? 1 : 0),
          ])
        }),
    ])
  }

  private static func letter(_ type: MbufType) -> Character {
    switch type {
    case .data: "d"
    case .address: "n"
    case .control: "c"
    case .outOfBand: "o"
    default: "?"
    }
  }
}
