// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension Packet {
  /// Adds `byteCount` zero bytes in front.
  ///
  ///     before  [..free..|headers|payload]            prepend(28)
  ///     after   [.. 28 zeroes |headers|payload]       in the headroom, or in new mbufs in front
  ///
  /// - Parameters:
  ///   - byteCount: bytes to add, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Complexity: O(`byteCount`); allocates only if the headroom is too small.
  ///
  /// `prepend(_:file:line:initializingWith:)` writes what is wanted there without the zeroes.
  ///
  /// BSD: `M_PREPEND`, which leaves the bytes as they were and frees the chain on failure.
  @inlinable
  public mutating func prepend(
    _ byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    precondition(byteCount >= 0, "prepend of \(byteCount) bytes")
    guard byteCount <= head.headroom else {
      return try prependSlow(byteCount, CallSite(file, line))
    }
    // In bounds: the headroom is free and ours.
    unsafe head.data -= byteCount
    unsafe head.data.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    head.byteCount += byteCount
    head.packetByteCount += byteCount
  }

  @usableFromInline
  @inline(never)
  mutating func prependSlow(_ byteCount: Int, _ site: CallSite) throws(MbufError) {
    checkGrowth(byteCount)
    let front = try unsafe head.pool.chain(byteCount, .packetHeader, site)
    // The first new mbuf takes what the others leave, at the end of its storage, so that the next
    // header still finds headroom.
    var rest = byteCount
    var mbuf = front.next
    while let here = mbuf {
      here.byteCount = Swift.min(here.capacity, rest)
      rest -= here.byteCount
      mbuf = here.next
    }
    front.byteCount = rest
    let headroom = (front.capacity - rest) & ~7
    front.place(headroom: headroom)
    mbuf = front
    while let here = mbuf {
      unsafe here.data.initializeMemory(as: UInt8.self, repeating: 0, count: here.byteCount)
      mbuf = here.next
    }
    front.takeTypeInChain(of: head)
    front.last.next = head
    head.movePacketHeader(to: front)
    head = front
    head.packetByteCount += byteCount
  }

  /// Adds a copy of `bytes` at the end.
  ///
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Complexity: O(bytes + segments).
  ///
  /// BSD: `m_append`, which keeps what it had appended on failure.
  public mutating func append(
    _ bytes: RawSpan, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    var writer = try makeRoom(bytes.byteCount, CallSite(file, line))
    unsafe bytes.withUnsafeBytes { source in unsafe writer.write(source) }
    head.packetByteCount += bytes.byteCount
  }

  /// Adds `byteCount` zero bytes at the end.
  ///
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  public mutating func appendZeroes(
    _ byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    precondition(byteCount >= 0, "append of \(byteCount) bytes")
    var writer = try makeRoom(byteCount, CallSite(file, line))
    writer.writeZeroes(byteCount)
    head.packetByteCount += byteCount
  }

  /// Stops before the length leaves its 32 bits: shared copies can add up to more than memory.
  func checkGrowth(_ added: Int) {
    precondition(
      added <= MbufLayout.largestPacketByteCount - byteCount,
      "\(added) more bytes in a packet of \(byteCount), at most "
        + "\(MbufLayout.largestPacketByteCount)")
  }

  /// Sees to it that `byteCount` bytes fit behind the last one, and says where they go.
  func makeRoom(
    _ byteCount: Int, upTo largest: ClusterSize = .standard, _ site: CallSite
  ) throws(MbufError) -> ChainWriter {
    checkGrowth(byteCount)
    let position = head.appendPosition
    var room = 0
    var mbuf: Mbuf? = position
    var last = position
    while let here = mbuf {
      room += here.tailroom
      last = here
      mbuf = here.next
    }
    if room < byteCount {
      let more = try unsafe head.pool.chain(byteCount - room, upTo: largest, [], site)
      more.takeTypeInChain(of: last)
      last.next = more
      if last.endsRecord { last.moveEndOfRecord(to: more.last) }
    }
    return ChainWriter(position)
  }

  /// Appends another packet, which ends as a packet.
  ///
  /// Its bytes are copied while they are few and fit behind the last of ours; the rest of its
  /// mbufs are linked. Its header is dropped. The two may come from different pools.
  ///
  /// BSD: `m_cat`, `m_catpkt`.
  public mutating func join(_ other: consuming Packet) {
    let added = other.byteCount
    checkGrowth(added)
    let joined = other.release()
    joined.dropPacketHeader()
    link(joined, added)
  }

  /// Appends a chain, which ends; as with a packet, few bytes are copied and the rest is linked.
  ///
  /// BSD: `m_cat`, which does not add to the packet's length.
  public mutating func join(_ chain: consuming MbufChain) {
    let added = chain.byteCount
    checkGrowth(added)
    if let joined = chain.release() { link(joined, added) }
  }

  /// Appends mbufs that hold `added` bytes and have no packet header.
  private func link(_ joined: Mbuf, _ added: Int) {
    let tail = head.appendPosition
    // What stands behind the append position is empty: let it go, so that order is kept.
    if let room = tail.next {
      room.last.moveEndOfRecord(to: tail)
      room.freeChain()
      tail.next = nil
    }
    if added > 0 { tail.endsRecord = false }
    var rest: Mbuf? = joined
    while let here = rest, here.byteCount <= MbufLayout.packetDataByteCount,
      here.byteCount <= tail.tailroom
    {
      // In bounds: the tail has room for them.
      unsafe tail.end.copyMemory(from: here.data, byteCount: here.byteCount)
      tail.byteCount += here.byteCount
      here.moveEndOfRecord(to: tail)
      rest = here.next
      here.freeOne()
    }
    tail.next = rest
    head.packetByteCount += added
  }
}

extension Mbuf {
  /// The last mbuf with data, or this one: appended bytes go behind its data, then into the empty
  /// mbufs after it.
  var appendPosition: Mbuf {
    var position = self
    var mbuf: Mbuf? = next
    while let here = mbuf {
      if here.byteCount > 0 { position = here }
      mbuf = here.next
    }
    return position
  }

  /// Gives the packet header to `other`, which is then the first of the packet.
  ///
  /// BSD: `m_move_pkthdr`.
  func movePacketHeader(to other: Mbuf) {
    other.packetHeader = packetHeader
    other.flags.formUnion(flags.intersection(.ofPacket))
    other.flags.insert(.packetHeader)
    if flags.contains(.tagged) {
      other.flags.insert(.tagged)
      flags.remove(.tagged)
    }
    other.nextPacket = nextPacket
    nextPacket = nil
    dropPacketHeader()
  }

  /// Makes this a plain mbuf of a chain; its tags end.
  ///
  /// BSD: `m_demote`.
  func dropPacketHeader() {
    dropTags()
    flags.subtract(.ofPacket.union(.packetHeader))
  }
}

/// Fills the room behind a chain's data, mbuf by mbuf.
@safe
struct ChainWriter {
  private var mbuf: Mbuf?

  init(_ first: Mbuf) { mbuf = first }

  mutating func write(_ source: UnsafeRawBufferPointer) {
    var done = 0
    while done < source.count, let here = mbuf {
      let count = Swift.min(here.tailroom, source.count - done)
      if count > 0, let base = source.baseAddress {
        // In bounds: count is within both the tailroom and the source.
        unsafe here.end.copyMemory(from: base + done, byteCount: count)
        here.byteCount += count
        done += count
      }
      if done < source.count { mbuf = here.next }
    }
    precondition(done == source.count, "no room for \(source.count - done) bytes")
  }

  mutating func writeZeroes(_ byteCount: Int) {
    var left = byteCount
    while left > 0, let here = mbuf {
      let count = Swift.min(here.tailroom, left)
      // In bounds: count is within the tailroom.
      unsafe here.end.initializeMemory(as: UInt8.self, repeating: 0, count: count)
      here.byteCount += count
      left -= count
      if left > 0 { mbuf = here.next }
    }
    precondition(left == 0, "no room for \(left) bytes")
  }
}
