// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing
import UMA

@testable import Mbufs

/// Throws unless `body` fails as a packet of `available` bytes should that is asked for one more.
func demandTooShort(_ available: Int, _ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as MbufError {
    if error == .tooShort(wanted: available + 1, available: available) { return }
    throw error
  }
  throw Failure(description: "gave more than \(available) bytes")
}

/// A packet with `bytes` in segments of `segmentByteCount`, each in a cluster that a packet in
/// `others` sees as well: only so does joining link every one.
func packetInPieces(
  _ bytes: [UInt8], _ segmentByteCount: Int, _ pool: MbufPool, _ others: inout PacketQueue
) throws(MbufError) -> Packet {
  var whole: Packet?
  for start in stride(from: 0, to: bytes.count, by: segmentByteCount) {
    var piece = try pool.packet()
    try piece.append(Array(bytes[start..<Swift.min(start + segmentByteCount, bytes.count)]))
    let copy = try piece.sharedCopy()
    others.enqueue(piece)
    if var packet = whole.take() {
      packet.join(copy)
      whole = consume packet
    } else {
      whole = consume copy
    }
  }
  guard let packet = whole.take() else { preconditionFailure("no bytes, no pieces") }
  return packet
}

/// Builds packets of exact layouts, and watches what else can see their storage.
final class ChainBench {
  let pages = PageArena(reservingByteCount: 64 << 20)
  let pool: MbufPool
  private var witnesses: [Witness] = []
  private var lent: [LentMemory] = []
  private var built = 0
  private let here = CallSite(#fileID, #line)

  /// Bytes around the data that no operation may change if they are shared or read-only.
  static let edge = 16
  /// What a packet's header says before any operation.
  static let header = {
    var header = PacketHeader()
    header.timestampInNanoseconds = 1_700_000_000_123_456_789
    header.interfaceIndex = 3
    header.linkType = 1
    header.checksumState = .verified
    header.vlanTag = 42
    header.flowHash = 0xfeed_f00d
    header.networkOffset = 14
    header.transportOffset = 34
    return header
  }()

  init(clusterLimit: Int = 0, mbufLimit: Int = 0) {
    pool = MbufPool(clusterLimit: clusterLimit, mbufLimit: mbufLimit, pages: pages)
  }

  /// The bytes from 1 up as a model, with two tags and a record's end, but for a packet of one byte.
  static func model(_ byteCount: Int) -> PacketModel {
    var model = PacketModel(
      (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 + 1) }, header: header,
      wireByteCount: 1_500)
    model.endsRecord = byteCount != 1
    model.tags =
      byteCount == 1
      ? []
      : [3, 0].map {
        TagModel(
          PacketTag(cookie: 7, id: UInt16($0), byteCount: $0), [UInt8](repeating: 0, count: $0))
      }
    return model
  }

  /// A packet that holds `model` in the segments of `layout`.
  func build(_ layout: ChainLayout, _ model: PacketModel) throws(MbufError) -> Packet {
    var first: Mbuf?
    var last: Mbuf?
    var offset = 0
    for segment in layout.segments {
      let end = offset + segment.byteCount
      let mbuf = try make(segment, isFirst: first == nil, model.bytes[offset..<end])
      offset = end
      if let last { last.next = mbuf } else { first = mbuf }
      last = mbuf
    }
    guard let first else { preconditionFailure("a layout without segments") }
    first.packetByteCount = offset
    var packet = Packet(first)
    packet.header = model.header
    packet.wireByteCount = model.wireByteCount ?? -1
    packet.endsRecord = model.endsRecord
    for tag in (model.tags ?? []).reversed() { try packet.addTag(tag.tag) }
    built += 1
    return packet
  }

  private func make(_ segment: SegmentLayout, isFirst: Bool, _ bytes: ArraySlice<UInt8>)
    throws(MbufError) -> Mbuf
  {
    let flags: MbufFlags = isFirst ? .packetHeader : []
    let mbuf: Mbuf
    switch segment.storage {
    case .inner: mbuf = try pool.core.mbuf(flags, here)
    case .cluster, .sharedCluster:
      // The sizes in turn; the standard one is of the packet zone.
      let size = ClusterSize.allCases[built % ClusterSize.allCases.count]
      mbuf =
        size == .standard
        ? try pool.core.clusterMbuf(flags, here)
        : try pool.core.mbuf(with: size, flags, here)
    case .lent, .sharedLent: mbuf = try lend(isReadOnly: false, isFirst: isFirst)
    case .readOnlyLent: mbuf = try lend(isReadOnly: true, isFirst: isFirst)
    }
    let room = mbuf.capacity - segment.byteCount
    let headroom =
      switch segment.place {
      case .start: 0
      case .middle: Swift.min(5, room)
      case .end: room
      }
    let low = Swift.max(0, headroom - Self.edge)
    let high = Swift.min(mbuf.capacity, headroom + segment.byteCount + Self.edge)
    // In bounds: 0 <= low <= headroom <= headroom + byteCount <= high <= capacity.
    unsafe (mbuf.start + low).initializeMemory(as: UInt8.self, repeating: 0xee, count: high - low)
    mbuf.place(headroom: headroom)
    unsafe bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return }
      unsafe mbuf.data.copyMemory(from: base, byteCount: source.count)
    }
    mbuf.byteCount = segment.byteCount
    switch segment.storage {
    case .sharedCluster, .sharedLent: return try share(mbuf, low..<high)
    default: return mbuf
    }
  }

  private func lend(isReadOnly: Bool, isFirst: Bool) throws(MbufError) -> Mbuf {
    let memory = LentMemory(isReadOnly: isReadOnly)
    lent.append(memory)
    let mbuf = try pool.packet(over: memory.storage(), byteCount: 0).release()
    if !isFirst { mbuf.dropPacketHeader() }
    return mbuf
  }

  /// Has a witness see `window` of the mbuf's storage; the two swap places every other time, so
  /// that the chain has the original and the copy in turn.
  private func share(_ mbuf: Mbuf, _ window: Range<Int>) throws(MbufError) -> Mbuf {
    let other = try pool.core.mbuf([], here)
    let headroom = mbuf.offset
    mbuf.share(with: other, 0, mbuf.byteCount)
    let (kept, watching) = built % 2 == 0 ? (mbuf, other) : (other, mbuf)
    if mbuf.flags.contains(.packetHeader), kept != mbuf {
      mbuf.movePacketHeader(to: kept)
    }
    unsafe watching.data = watching.data - headroom + window.lowerBound
    watching.byteCount = window.count
    watching.flags.insert(.packetHeader)
    watching.packetHeader = PacketHeader()
    watching.packetByteCount = window.count
    witnesses.append(Witness(Packet(watching)))
    return kept
  }

  // MARK: Checks

  /// Throws if a packet is not what the model says, or its chain breaks a rule.
  func check(_ packet: borrowing Packet, _ model: PacketModel) throws {
    packet.checkInvariants()
    if let difference = model.difference(from: packet) { throw Failure(description: difference) }
  }

  /// Throws if something that others can see was written.
  func checkWitnesses() throws {
    for witness in witnesses { try witness.check() }
    for memory in lent where memory.isReadOnly { try memory.check() }
  }

  /// Checks a packet, uses it a little more, checks it again, and frees it.
  func settle(_ packet: consuming Packet, _ model: PacketModel) throws {
    var packet = packet
    var model = model
    try check(packet, model)
    try checkWitnesses()
    try packet.prepend(3)
    model.prepend(3)
    try packet.append([0xa1, 0xa2])
    model.append([0xa1, 0xa2])
    try check(packet, model)
    let middle = model.byteCount / 2
    try packet.copyIn([0xb1, 0xb2], at: middle)
    model.copyIn([0xb1, 0xb2], at: middle)
    try check(packet, model)
    try packet.makeWritable()
    guard packet.isWritable else { throw Failure(description: "made writable, but is not") }
    try packet.pullUp(2)
    _ = packet.mutableBytes
    try check(packet, model)
    try checkWitnesses()
  }

  /// Ends one chain's case: frees the witnesses, and sees every lent memory returned once.
  func endCase() throws {
    witnesses.removeAll()
    for memory in lent where memory.releaseCount != 1 {
      throw Failure(description: "lent memory was released \(memory.releaseCount) times")
    }
    lent.removeAll()
  }

  /// Checks that nothing is out, and that free clusters count no references.
  func end() throws {
    var packets = PacketQueue()
    for _ in 0..<8 {
      let packet = try pool.packet()
      let counter = unsafe packet.head.storage.counter.pointee.load(ordering: .relaxed)
      #expect(counter == 0, "a free cluster has references")
      packets.enqueue(packet)
    }
    while packets.dequeue() != nil {}
    expectNothingOut(of: pool, pages)
  }
}

/// A packet that shares storage with the one under test; its bytes must not change.
private final class Witness {
  private let packet: Packet
  private let bytes: [UInt8]

  init(_ packet: consuming Packet) {
    bytes = packet.allBytes
    self.packet = packet
  }

  func check() throws {
    packet.checkInvariants()
    let now = packet.allBytes
    if now != bytes { throw Failure(description: "shared bytes \(bytes) became \(now)") }
  }
}
