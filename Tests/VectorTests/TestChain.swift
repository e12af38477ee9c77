// SPDX-License-Identifier: BSD-2-Clause
import TestSupport

@testable import Mbufs

/// A chain under test, and what it should hold.
///
/// A chain with a packet header is a `Packet`, one without an `MbufChain`. Every operation is done
/// to the chain first; the model follows only if it succeeded. So `check()` after an operation
/// that failed says that the chain is as it was.
final class TestChain {
  private(set) var packet: Packet?
  private(set) var plain: MbufChain?
  var model: ChainModel
  let pool: MbufPool

  init(packet: consuming Packet, model: ChainModel, pool: MbufPool) {
    self.packet = consume packet
    self.model = model
    self.pool = pool
  }

  init(plain: consuming MbufChain, model: ChainModel, pool: MbufPool) {
    self.plain = consume plain
    self.model = model
    self.pool = pool
  }

  var hasHeader: Bool { packet != nil }
  /// The length that the packet says it has.
  var packetByteCount: Int { packet?.byteCount ?? -1 }

  /// Does something to the chain as a packet.
  func use<Result: ~Copyable>(
    _ body: (inout Packet) throws(MbufError) -> Result
  ) throws(MbufError) -> Result {
    if var packet = packet.take() {
      do throws(MbufError) {
        let result = try body(&packet)
        self.packet = consume packet
        return result
      } catch {
        self.packet = consume packet
        throw error
      }
    }
    return try usePlain { chain throws(MbufError) in
      // A chain that was trimmed to nothing has no mbuf to lend.
      if chain.isEmpty { chain = try pool.chain(byteCount: 0) }
      guard let result = try chain.withPacket(body) else { preconditionFailure("nothing lent") }
      return result
    }
  }

  /// Does something to the chain without a header.
  func usePlain<Result: ~Copyable>(
    _ body: (inout MbufChain) throws(MbufError) -> Result
  ) throws(MbufError) -> Result {
    guard var chain = plain.take() else { preconditionFailure("a packet, not a plain chain") }
    do throws(MbufError) {
      let result = try body(&chain)
      plain = consume chain
      return result
    } catch {
      plain = consume chain
      throw error
    }
  }

  /// Gives the packet away.
  func takePacket() -> Packet? { packet.take() }
  /// Gives the plain chain away.
  func takePlain() -> MbufChain? { plain.take() }
  /// Takes a packet in the place of what it had.
  func put(_ packet: consuming Packet) {
    plain = nil
    self.packet = consume packet
  }
  /// Takes a plain chain in the place of what it had.
  func put(_ chain: consuming MbufChain) {
    packet = nil
    plain = consume chain
  }

  // MARK: What it holds

  /// The first mbuf.
  var head: Mbuf? {
    if let head = packet?.head { return head }
    return plain?.head ?? nil
  }

  /// Its bytes and all that is recorded of a chain, as found in the mbufs.
  var found: ChainModel {
    var bytes: [UInt8] = []
    var mbuf = head
    while let here = mbuf {
      unsafe bytes += [UInt8](UnsafeRawBufferPointer(start: here.data, count: here.byteCount))
      mbuf = here.next
    }
    return ChainModel(bytes: bytes, hasHeader: hasHeader, tags: packet?.tagSpecs ?? [])
  }

  /// Throws if the chain breaks a rule or does not hold what it should.
  func check() throws {
    packet?.checkInvariants()
    plain?.checkInvariants()
    let found = found
    if found != model { throw Failure("holds \(found.json), should hold \(model.json)") }
  }
}

extension Packet {
  /// The tags, first one first.
  var tagSpecs: [TagSpec] {
    (0..<tagCount).map { index in
      let tag = tag(at: index)
      let bytes = unsafe tagBytes(at: index).withUnsafeBytes { unsafe [UInt8]($0) }
      return TagSpec(cookie: Int(tag.cookie), id: Int(tag.id), bytes: bytes)
    }
  }

  /// Adds a tag with its payload in front of the others.
  mutating func addTag(_ spec: TagSpec) throws(MbufError) {
    try addTag(
      PacketTag(
        cookie: UInt32(spec.cookie), id: UInt16(spec.id), byteCount: spec.bytes.count))
    var payload = mutableTagBytes(at: 0)
    unsafe payload.withUnsafeMutableBytes { unsafe $0.copyBytes(from: spec.bytes) }
  }
}
