// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

extension RawSpan {
  /// The bytes as an array.
  var array: [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}

@Suite struct PositionTests {
  @Test func everyByteHasAPlace() throws {
    try forEveryChain(of: [0, 1, 3]) { _, packet, model in
      for offset in 0..<model.byteCount {
        guard let place = packet.position(of: offset) else {
          throw Failure(description: "no byte \(offset)")
        }
        let segment = packet.bytes(ofSegment: place.segmentIndex)
        guard place.offset < segment.byteCount,
          segment.array[place.offset] == model.bytes[offset]
        else { throw Failure(description: "byte \(offset) at \(place)") }
      }
    }
  }

  /// The end of the packet is the end of its last segment, also if that is empty.
  @Test func theEndHasAPlace() throws {
    try forEveryChain { _, packet, model in
      let last = packet.segmentCount - 1
      let end = SegmentPosition(
        segmentIndex: last, offset: packet.bytes(ofSegment: last).byteCount)
      if packet.position(of: model.byteCount) != end { throw Failure(description: "not \(end)") }
    }
  }

  @Test func elsewhereIsNoPlace() throws {
    try forEveryChain(of: [0, 2]) { _, packet, model in
      let places = [-1, .min, model.byteCount + 1, .max].map { packet.position(of: $0) }
      if places.contains(where: { $0 != nil }) { throw Failure(description: "\(places)") }
    }
  }

  @Test func segmentsInOrderAreThePacket() throws {
    try forEveryChain { _, packet, model in
      var all: [UInt8] = []
      for index in 0..<packet.segmentCount { all += packet.bytes(ofSegment: index).array }
      if all != model.bytes { throw Failure(description: "\(all)") }
    }
  }

  @Test func bytesOfARangeAreThereIfContiguous() throws {
    try forEveryChain(of: [0, 1, 3], with: CopyTests.ranges) { _, packet, model, range in
      let first = packet.position(of: range.lowerBound)
      let last = packet.position(of: Swift.max(range.lowerBound, range.upperBound - 1))
      let isContiguous = range.isEmpty || first?.segmentIndex == last?.segmentIndex
      if let bytes = packet.bytes(in: range) {
        if !isContiguous { throw Failure(description: "contiguous") }
        if bytes.array[...] != model.bytes[range] { throw Failure(description: "\(bytes.array)") }
      } else if isContiguous {
        throw Failure(description: "not contiguous")
      }
    }
  }

  @Test func onlyWhatIsOursIsMutable() throws {
    try forEveryChain(of: [0, 1, 3], with: CopyTests.ranges) { _, packet, model, range in
      let isContiguous = packet.bytes(in: range) != nil
      var isWritable = true
      if let place = packet.head.locate(range.lowerBound), !range.isEmpty {
        isWritable = place.mbuf.isWritable
      }
      if var bytes = packet.mutableBytes(in: range) {
        if !isContiguous || !isWritable { throw Failure(description: "mutable") }
        if bytes.byteCount != range.count { throw Failure(description: "\(bytes.byteCount)") }
        for index in bytes.byteOffsets {
          bytes.storeBytes(of: 0xc7, toByteOffset: index, as: UInt8.self)
          model.bytes[range.lowerBound + index] = 0xc7
        }
      } else if isContiguous, isWritable {
        throw Failure(description: "not mutable")
      }
    }
  }

  @Test func makeWritableThenPullDown() throws {
    try forEveryChain(of: [3], with: { CopyTests.ranges($0) }) { _, packet, _, range in
      try packet.makeWritable(range)
      try packet.pullDown(range)
      if packet.mutableBytes(in: range) == nil { throw Failure(description: "not mutable") }
    }
  }

  @Test func beyondTheEndTraps() async {
    await #expect(processExitsWith: .failure) {
      let packet = try MbufPool().smallPacket()
      _ = packet.bytes(in: 0..<1)?.byteCount
    }
    await #expect(processExitsWith: .failure) {
      let packet = try MbufPool().smallPacket()
      _ = packet.bytes(ofSegment: 1).byteCount
    }
  }
}
