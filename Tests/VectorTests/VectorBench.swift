// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import UMA

@testable import Mbufs

/// Builds chains as they are described, and watches what else can see their storage.
final class VectorBench {
  let pages = PageArena(reservingByteCount: 64 << 20)
  let pool: MbufPool
  private var views: [OutsideView] = []
  private var lent: [LentMemory] = []
  private let here = CallSite(#fileID, #line)

  init() { pool = MbufPool(clusterLimit: 0, pages: pages) }

  /// A chain of exactly these mbufs.
  func build(_ spec: ChainSpec) throws -> TestChain {
    var first: Mbuf?
    var last: Mbuf?
    for mbufSpec in spec.mbufs {
      let mbuf = try make(mbufSpec, isFirst: first == nil && spec.hasHeader)
      // A record ends at the end of a chain here and nowhere else.
      last?.endsRecord = false
      if let last { last.next = mbuf } else { first = mbuf }
      last = mbuf
    }
    guard let first else { throw Failure("a chain of no mbufs") }
    guard spec.hasHeader else {
      return TestChain(plain: MbufChain(first), model: spec.model, pool: pool)
    }
    let byteCount = first.chainByteCount
    first.packetByteCount = spec.wrongByteCount ?? byteCount
    var packet = Packet(first)
    // No operation leaves a wrong length, and none puts one right: it is only found.
    if packet.byteCount != byteCount {
      if packet.brokenInvariant() == nil { throw Failure("a wrong length was not found") }
      packet.head.packetByteCount = byteCount
    }
    for tag in spec.tags.reversed() { try packet.addTag(tag) }
    return TestChain(packet: packet, model: spec.model, pool: pool)
  }

  /// A packet, or its mbufs without the header.
  func chain(_ packet: consuming Packet, _ hasHeader: Bool, _ model: ChainModel) -> TestChain {
    if hasHeader { return TestChain(packet: packet, model: model, pool: pool) }
    return TestChain(plain: packet.demoted(), model: model, pool: pool)
  }

  /// An empty packet or chain with room.
  func empty(_ hasHeader: Bool, largest: ClusterSize, _ byteCount: Int) throws(MbufError)
    -> TestChain
  {
    guard hasHeader else {
      return TestChain(
        plain: try pool.chain(byteCount: byteCount), model: ChainModel(), pool: pool)
    }
    return TestChain(
      packet: try pool.packet(byteCount: byteCount, upTo: largest),
      model: ChainModel(hasHeader: true), pool: pool)
  }

  private func make(_ spec: MbufSpec, isFirst: Bool) throws -> Mbuf {
    let mbuf = try emptyMbuf(spec, isFirst ? .packetHeader : [])
    guard let type = MbufType(rawValue: UInt8(spec.type)) else {
      throw Failure("type \(spec.type)")
    }
    mbuf.type = type
    // All of the storage is set, so that a view from outside sees any write to it.
    unsafe mbuf.start.initializeMemory(as: UInt8.self, repeating: 0xee, count: mbuf.capacity)
    mbuf.place(headroom: spec.offset)
    let bytes = spec.bytes
    guard spec.offset + bytes.count <= mbuf.capacity else { throw Failure("no such mbuf: \(spec)") }
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      // In bounds: checked above.
      unsafe mbuf.data.copyMemory(from: base, byteCount: source.count)
    }
    mbuf.byteCount = bytes.count
    mbuf.endsRecord = spec.endsRecord
    if spec.isReadOnly { mbuf.flags.insert(.readOnly) }
    for _ in 0..<spec.referencesOutside { try show(mbuf) }
    return mbuf
  }

  private func emptyMbuf(_ spec: MbufSpec, _ flags: MbufFlags) throws -> Mbuf {
    switch spec.kind {
    case "s": return try pool.core.mbuf(flags, here)
    case "p": return try pool.core.clusterMbuf(flags, here)
    case "c": return try pool.core.clusterMbufSlow(flags, here)
    case "x": return try lend(spec.storageByteCount ?? 0, spec.isReadOnly, flags)
    case "j": return try pool.core.mbuf(with: .page, flags, here)
    case "9": return try pool.core.mbuf(with: .jumbo9, flags, here)
    default: throw Failure("storage of kind \(spec.kind)")
    }
  }

  private func lend(_ byteCount: Int, _ isReadOnly: Bool, _ flags: MbufFlags) throws -> Mbuf {
    let memory = LentMemory(isReadOnly: isReadOnly, byteCount: byteCount)
    lent.append(memory)
    let mbuf = try pool.packet(over: memory.storage(), byteCount: 0).release()
    if !flags.contains(.packetHeader) { mbuf.dropPacketHeader() }
    return mbuf
  }

  /// Has somebody outside see the whole storage of an mbuf.
  private func show(_ mbuf: Mbuf) throws {
    let other = try pool.core.mbuf(.packetHeader, here)
    mbuf.share(with: other, 0, mbuf.byteCount)
    unsafe other.data = mbuf.start
    other.byteCount = mbuf.capacity
    other.packetByteCount = mbuf.capacity
    views.append(OutsideView(Packet(other)))
  }

  /// How often lent memory has come back so far.
  var releaseCount: Int { lent.reduce(0) { $0 + $1.releaseCount } }

  /// Runs a call with allocations failing as a case says: -1 all of them, else that one; 0 none.
  ///
  /// - Returns: attempts to allocate, if some were made to fail.
  func failing(_ which: Int, _ body: () -> Void) -> Int {
    if which == 0 {
      body()
      return 0
    }
    let plan = FailurePlan(failing: which < 0 ? 1 : which, andAllLater: which < 0)
    pool.inject(plan)
    defer { pool.inject(nil) }
    body()
    return plan.attemptCount
  }

  /// Throws if something was written that others see.
  func checkOutside() throws {
    for view in views { try view.check() }
    for memory in lent where memory.isReadOnly { try memory.check() }
  }

  /// Ends a case, whose chains are gone: everything must come back, lent memory exactly once.
  func endCase() throws {
    try checkOutside()
    views.removeAll()
    defer { lent.removeAll() }
    for memory in lent where memory.releaseCount != 1 {
      throw Failure("lent memory was released \(memory.releaseCount) times")
    }
    let statistics = pool.statistics()
    let jumbos = [ClusterSize.page, .jumbo9, .jumbo16].reduce(0) {
      $0 + statistics.clusters(of: $1).inUse
    }
    if pool.outstanding != 0 || statistics.mbufsInUse != 0 || statistics.clustersInUse + jumbos != 0
    {
      throw Failure(
        "leaked: \(pool.outstanding) mbufs, \(statistics.clustersInUse) clusters, \(jumbos) jumbos")
    }
  }
}
