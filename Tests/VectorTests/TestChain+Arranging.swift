// SPDX-License-Identifier: BSD-2-Clause
import UMA

@testable import Mbufs

extension TestChain {
  /// Whether the first segment then has the bytes.
  func copyUp(_ count: Int, headroom: Int) throws(MbufError) -> Bool {
    try use { packet throws(MbufError) in
      try packet.copyUp(count, headroom: headroom)
      return packet.contiguousByteCount >= count
    }
  }

  /// Where the range then begins, counted from the start, and whether it is in one piece and right.
  func pullDown(_ range: Range<Int>) throws(MbufError) -> (place: Int, isRight: Bool) {
    let wanted = range.upperBound <= model.bytes.count ? model.bytes[range] : []
    return try use { packet throws(MbufError) in
      let position = try packet.pullDown(range)
      let piece = packet.bytes(ofSegment: position.segmentIndex)
      let found = unsafe piece.withUnsafeBytes { unsafe [UInt8]($0) }
      let isRight = found.dropFirst(position.offset).prefix(range.count) == wanted
      return (packet.offset(of: position), isRight)
    }
  }

  /// Where a byte lies, counted from the start again; nil if there is none.
  func place(of offset: Int) throws(MbufError) -> Int? {
    try use { packet in
      guard let position = packet.position(of: offset) else { return nil }
      return packet.offset(of: position)
    }
  }

  func defragment() throws(MbufError) {
    try use { packet throws(MbufError) in try packet.defragment() }
  }

  /// How many segments are then left.
  func collapse(to most: Int) throws(MbufError) -> Int {
    try use { packet throws(MbufError) in
      try packet.collapse(to: most)
      return packet.segmentCount
    }
  }

  /// Adds room behind the bytes.
  func addRoom(_ byteCount: Int) throws(MbufError) {
    try use { packet throws(MbufError) in
      _ = try packet.makeRoom(byteCount, CallSite(#fileID, #line))
    }
  }

  /// The bytes copied into a room of `byteCount` bytes, as many as fit.
  func scatter(_ byteCount: Int, room: Int) throws(MbufError) -> [UInt8] {
    // Two pieces, so that their boundary is crossed.
    var list = ScatterList(byteCounts: [room / 3, room - room / 3])
    let count = try use { packet in
      packet.scatter(into: &list, byteCount: byteCount == 0 ? nil : byteCount)
    }
    return [UInt8](list.pieces.joined().prefix(count))
  }

  /// A tag's place, or nil.
  func tagIndex(_ cookie: Int, _ id: Int) throws(MbufError) -> Int? {
    try use { packet in packet.tagIndex(cookie: UInt32(cookie), id: UInt16(id)) }
  }
}

extension Packet {
  /// Bytes from the start to a position.
  borrowing func offset(of position: SegmentPosition) -> Int {
    (0..<position.segmentIndex).reduce(position.offset) { $0 + bytes(ofSegment: $1).byteCount }
  }
}
