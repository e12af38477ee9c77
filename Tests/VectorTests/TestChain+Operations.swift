// SPDX-License-Identifier: BSD-2-Clause
import UMA

@testable import Mbufs

// Each operation is done to the chain, and then to the model. The model's part is the contract, in
// the plainest words there are.

extension TestChain {
  func prepend(_ bytes: [UInt8]) throws(MbufError) {
    try use { packet throws(MbufError) in try packet.prepend(bytes.count) }
    model.bytes = [UInt8](repeating: 0, count: bytes.count) + model.bytes
  }

  func copyIn(_ bytes: [UInt8], at offset: Int) throws(MbufError) {
    try use { packet throws(MbufError) in try packet.copyIn(unsafe bytes.span.bytes, at: offset) }
    model.copyIn(bytes, at: offset)
  }

  func append(_ bytes: [UInt8]) throws(MbufError) {
    try use { packet throws(MbufError) in try packet.append(unsafe bytes.span.bytes) }
    model.bytes += bytes
  }

  /// Takes bytes off the front or, below 0, the back; no more than there are.
  func adjust(_ count: Int) throws(MbufError) {
    let most = Swift.min(Int(count.magnitude), model.bytes.count)
    if hasHeader {
      try use { packet in count < 0 ? packet.trimBack(most) : packet.trimFront(most) }
    } else {
      try usePlain { chain in count < 0 ? chain.trimBack(most) : chain.trimFront(most) }
    }
    model.adjust(count)
  }

  /// Whether the first segment then has the bytes.
  func pullUp(_ count: Int) throws(MbufError) -> Bool {
    try use { packet throws(MbufError) in
      try packet.pullUp(count)
      return packet.contiguousByteCount >= count
    }
  }

  /// Whether every byte is then writable.
  func unshare() throws(MbufError) -> Bool {
    try use { packet throws(MbufError) in
      try packet.makeWritable()
      return packet.isWritable
    }
  }

  /// A copy that shares; one from the first byte on has the header.
  func sharedCopy(_ offset: Int, _ byteCount: Int?) throws(MbufError) -> TestChain {
    let end = byteCount.map { offset + $0 } ?? model.bytes.count
    let copy = try use { packet throws(MbufError) in try packet.sharedCopy(offset..<end) }
    var copyModel = model
    copyModel.bytes = [UInt8](model.bytes[offset..<end])
    if offset == 0, hasHeader { return TestChain(packet: copy, model: copyModel, pool: pool) }
    return TestChain(plain: copy.demoted(), model: copyModel.plain, pool: pool)
  }

  func duplicate() throws(MbufError) -> TestChain {
    let copy = try use { packet throws(MbufError) in try packet.duplicate() }
    return TestChain(packet: copy, model: model, pool: pool)
  }

  /// The rest from `offset` on; nil if that is no mbuf at all.
  func split(at offset: Int) throws(MbufError) -> TestChain? {
    guard hasHeader else {
      let chain = try usePlain { chain throws(MbufError) in try chain.split(at: offset) }
      if chain.isEmpty { return nil }
      return TestChain(plain: chain, model: cutModel(offset).plain, pool: pool)
    }
    let rest = try use { packet throws(MbufError) in try packet.split(at: offset) }
    var restModel = cutModel(offset)
    restModel.tags = []
    return TestChain(packet: rest, model: restModel, pool: pool)
  }

  private func cutModel(_ offset: Int) -> ChainModel {
    var rest = model
    rest.bytes = [UInt8](model.bytes[offset...])
    model.bytes = [UInt8](model.bytes[..<offset])
    return rest
  }

  /// Takes all of another chain behind its own bytes.
  func join(_ other: TestChain) throws(MbufError) {
    let added = other.model.bytes
    // Taken inside, since a closure cannot use up what it captured.
    if hasHeader {
      try use { packet in
        if let other = other.takePacket() { packet.join(other) }
        if let other = other.takePlain() { packet.join(other) }
      }
    } else {
      try usePlain { chain in
        if let other = other.takePacket() { chain.append(other) }
        if let other = other.takePlain() { chain.append(other) }
      }
    }
    model.bytes += added
  }

  func copyOut(_ offset: Int, _ byteCount: Int) throws(MbufError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    try use { packet throws(MbufError) in
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try packet.copyOut(offset, into: &raw)
    }
    return bytes
  }

  /// Shows pieces until the one of number `stop`; 0 shows all.
  func apply(_ offset: Int, _ byteCount: Int, stop: Int) throws(MbufError) -> (
    bytes: [UInt8], isStopped: Bool
  ) {
    struct Stop: Error {}
    var seen: [UInt8] = []
    var calls = 0
    let isStopped = try use { packet in
      do throws(Stop) {
        try packet.forEachSegment(from: offset, byteCount: byteCount) { piece throws(Stop) in
          unsafe piece.withUnsafeBytes { unsafe seen += [UInt8]($0) }
          calls += 1
          if calls == stop { throw Stop() }
        }
        return false
      } catch {
        return true
      }
    }
    return (seen, isStopped)
  }

  /// What the original gives: it is called for every mbuf from the first that has bytes at or
  /// behind `offset`, empty ones included, and finds out that there are too few bytes when it gets
  /// there, which is nil.
  func appliedThere(_ offset: Int, _ byteCount: Int, stop: Int) -> JSON? {
    var lengths = segmentByteCounts[...]
    var skip = offset
    while skip > 0, let length = lengths.first, skip >= length {
      skip -= length
      lengths.removeFirst()
    }
    var (left, calls) = (byteCount, 0)
    while left > 0, calls < stop || stop == 0 {
      guard let length = lengths.popFirst(), skip <= length else { return nil }
      left -= Swift.min(length - skip, left)
      skip = 0
      calls += 1
    }
    let isStopped = calls == stop && stop > 0
    let seen = ChainModel.describe([UInt8](model.bytes[offset..<offset + byteCount - left]))
    return .object(["bytes": .object(seen), "ret": .int(isStopped ? 42 : 0), "r": model.json])
  }

  /// Bytes of each mbuf.
  private var segmentByteCounts: [Int] {
    var list: [Int] = []
    var mbuf = head
    while let here = mbuf {
      list.append(here.byteCount)
      mbuf = here.next
    }
    return list
  }

  /// Frees the first mbuf alone; the rest has no header.
  func freeFirst() {
    guard let first = takePacket()?.release() ?? takePlain()?.release() else { return }
    let rest = first.next
    model = ChainModel(bytes: [UInt8](model.bytes.dropFirst(first.byteCount)))
    first.freeOne()
    put(MbufChain(rest))
  }

  /// Whether each mbuf may be written.
  var writableMbufs: [Bool] {
    var list: [Bool] = []
    var mbuf = head
    while let here = mbuf {
      list.append(here.isWritable)
      mbuf = here.next
    }
    return list
  }

  func demote() {
    guard let packet = takePacket() else { return }
    put(packet.demoted())
    model = model.plain
  }
}
