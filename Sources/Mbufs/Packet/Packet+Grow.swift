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
    head.prependZeroes(byteCount)
    head.packetByteCount += byteCount
  }

  @usableFromInline
  @inline(never)
  mutating func prependSlow(_ byteCount: Int, _ site: CallSite) throws(MbufError) {
    checkGrowth(byteCount)
    let front = try head.pool.chain(byteCount, .packetHeader, site)
    // The first new mbuf takes what the others leave, at the end of its storage, so that the next
    // header still finds headroom.
    var rest = byteCount
    for mbuf in MbufWalk(front.next) {
      let count = Swift.min(mbuf.capacity, rest)
      mbuf.appendZeroes(count)
      rest -= count
    }
    front.placeAtEnd(rest)
    front.appendZeroes(rest)
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
    writer.write(bytes)
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

  /// Traps before the length leaves its 32 bits: shared copies can add up to more than memory.
  func checkGrowth(_ added: Int) {
    precondition(
      added <= MbufLayout.largestPacketByteCount - byteCount,
      "\(added) more bytes in a packet of \(byteCount), at most "
        + "\(MbufLayout.largestPacketByteCount)")
  }

  /// Makes room for `byteCount` bytes behind the last one, and returns what writes there.
  func makeRoom(
    _ byteCount: Int, upTo largest: ClusterSize = .standard, _ site: CallSite
  ) throws(MbufError) -> ChainWriter {
    checkGrowth(byteCount)
    let position = head.appendPosition
    var room = 0
    var last = position
    for mbuf in position.chain {
      room += mbuf.tailroom
      last = mbuf
    }
    if room < byteCount {
      let more = try head.pool.chain(byteCount - room, upTo: largest, [], site)
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
    tail.freeRest()
    if added > 0 { tail.endsRecord = false }
    var rest: Mbuf? = joined
    while let here = rest, here.byteCount <= MbufLayout.packetDataByteCount,
      here.byteCount <= tail.tailroom
    {
      tail.append(here)
      here.moveEndOfRecord(to: tail)
      rest = here.next
      here.freeOne()
    }
    tail.next = rest
    head.packetByteCount += added
  }
}
