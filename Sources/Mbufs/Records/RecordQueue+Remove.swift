// SPDX-License-Identifier: BSD-2-Clause
package import UMA

extension RecordQueue {
  // MARK: Bytes

  /// Frees bytes from the front, across records, then mbufs without bytes that the record so cut
  /// into begins with.
  ///
  /// A record cut into loses its packet header with the mbuf that had it.
  ///
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `sbdrop`.
  package mutating func drop(_ byteCount: Int) {
    precondition(
      byteCount >= 0 && byteCount <= self.byteCount, "drop \(byteCount) of \(self.byteCount)")
    var left = byteCount
    while left > 0, let first = ends?.first {
      if first.byteCount > left { return trimFirst(left) }
      left -= first.byteCount
      let isLast = first.next == nil
      takeMbuf()?.freeOne()
      // The next record is not touched, whatever it begins with.
      if left == 0, isLast { return }
    }
    _ = dropEmptyFront()
  }

  /// Frees the mbufs without bytes that the first record begins with; true if the mark of its end
  /// goes with them.
  private mutating func dropEmptyFront() -> Bool {
    while let first = ends?.first, first.byteCount == 0 {
      let isLast = first.next == nil
      let isEnded = first.endsRecord
      takeMbuf()?.freeOne()
      if isLast { return isEnded }
    }
    return false
  }

  /// Takes bytes off the first mbuf, which has more.
  private mutating func trimFirst(_ byteCount: Int) {
    guard let first = ends?.first else { return }
    first.trimFront(byteCount)
    countBytes(of: first, -byteCount)
    if let send, send.mbuf != first { self.send?.before -= byteCount }
  }

  /// Takes the first mbuf out; its record goes with its last.
  @discardableResult
  private mutating func takeMbuf() -> Mbuf? {
    guard let ends else { return nil }
    let mbuf = ends.first
    discharge(mbuf)
    if send?.mbuf == mbuf { send = nil } else { send?.before -= mbuf.byteCount }
    if let next = mbuf.next {
      next.nextPacket = mbuf.nextPacket
      self.ends?.first = next
      if ends.lastRecord == mbuf { self.ends?.lastRecord = next }
    } else {
      recordCount -= 1
      if let next = mbuf.nextPacket { self.ends?.first = next } else { self.ends = nil }
    }
    mbuf.next = nil
    mbuf.nextPacket = nil
    return mbuf
  }

  /// Takes bytes from the front, across records, as one packet; nil if they are none.
  ///
  /// It goes on like `drop`, but the mbufs live on, and the packet ends a record if its last byte
  /// is the last of one that has ended. Where the cut goes through an mbuf, up to 168 bytes are
  /// copied; beyond that the packet and the queue share its storage.
  ///
  /// - Throws: `MbufError.exhausted`; the queue is unchanged.
  /// - Precondition: `byteCount` is within 0...`self.byteCount`.
  ///
  /// BSD: `sbcut`, which drops the bytes before the cut in the last mbuf.
  package mutating func cut(_ byteCount: Int, _ site: CallSite) throws(MbufError) -> Packet? {
    precondition(
      byteCount >= 0 && byteCount <= self.byteCount, "cut \(byteCount) of \(self.byteCount)")
    guard byteCount > 0, let first = ends?.first else { return nil }
    // First whatever may fail.
    let (cutThrough, before) = boundary(byteCount)
    let piece =
      before < cutThrough.byteCount ? try cutThrough.frontPiece(before, site) : nil
    let front: Mbuf
    if let piece, cutThrough == first {
      front = piece
    } else {
      do throws(MbufError) {
        front = try first.withPacketHeader(site)
      } catch {
        piece?.freeOne()
        throw error
      }
    }
    // What cannot: whole mbufs, then the piece.
    var last: Mbuf? = front == first || front == piece ? nil : front
    while let here = ends?.first, piece == nil || here != cutThrough {
      let isLast = here == cutThrough
      let endsRecord = here.next == nil
      takeMbuf()
      if here != front { here.dropPacketHeader() }
      last?.endsRecord = false
      last?.next = here
      last = here
      if isLast {
        if !endsRecord, dropEmptyFront() { here.endsRecord = true }
        break
      }
    }
    if let piece {
      trimFirst(before)
      if piece != front { piece.dropPacketHeader() }
      last?.endsRecord = false
      last?.next = piece
    }
    front.setPacketByteCount(byteCount)
    return Packet(front)
  }

  /// The mbuf that the last of the first `byteCount` bytes is in, and how many it has of them.
  private func boundary(_ byteCount: Int) -> (mbuf: Mbuf, byteCount: Int) {
    var left = byteCount
    for first in ListWalk(ends?.first) {
      for mbuf in first.chain {
        if left <= mbuf.byteCount { return (mbuf, left) }
        left -= mbuf.byteCount
      }
    }
    preconditionFailure("\(left) bytes are missing from the records")
  }

  // MARK: Records

  /// Frees the first record; false if there is none.
  ///
  /// BSD: `sbdroprecord`.
  @discardableResult
  package mutating func dropRecord() -> Bool {
    guard let first = unlinkRecord() else { return false }
    first.freeChain()
    return true
  }

  /// Frees every record.
  ///
  /// BSD: `sbflush`.
  package mutating func flush() {
    while let first = unlinkRecord() { first.freeChain() }
    precondition(
      byteCount == 0 && controlByteCount == 0 && storageByteCount == 0 && recordCount == 0
        && segmentCount == 0 && externalCount == 0,
      "\(byteCount) bytes, \(segmentCount) mbufs in a queue without a record")
  }

  /// Takes every record out, for instance to free them after a lock is released.
  package mutating func takeAll() -> RecordQueue {
    let all = consume self
    self = RecordQueue()
    coalesces = all.coalesces
    return all
  }

  /// Takes the first record out as one packet, whatever its parts are; nil if there is none.
  ///
  /// - Precondition: it came in as a packet and was not cut into.
  package mutating func takePacket() -> Packet? {
    guard let first = unlinkRecord() else { return nil }
    precondition(first.flags.contains(.packetHeader), "the first record has no packet header")
    return Packet(first)
  }

  /// Takes the first record out in its parts; nil if there is none.
  ///
  /// - Throws: `MbufError.exhausted` if a part has no packet header, as after `drop` and
  ///   `appendStream`, and there is no mbuf for one; the queue is unchanged.
  ///
  /// BSD: what `soreceive` does with a record.
  package mutating func takeRecord(_ site: CallSite) throws(MbufError) -> Record? {
    guard let ends else { return nil }
    var heads = InlineArray<3, Mbuf?>(repeating: nil)
    var lasts = InlineArray<3, Mbuf?>(repeating: nil)
    var part = 0
    for here in ends.first.chain {
      part = Swift.max(part, here.type.part)
      if heads[part] == nil {
        heads[part] = here
      } else if here.flags.contains(.packetHeader) {
        // Data that came in as control information is the second packet of its part.
        here.dropPacketHeader()
      }
      lasts[part] = here
    }
    var made: Mbuf?
    for part in 0..<3 {
      guard let head = heads[part] else { continue }
      do throws(MbufError) {
        let front = try head.withPacketHeader(site)
        if front != head {
          front.nextPacket = made
          made = front
          heads[part] = front
        }
      } catch {
        for front in ListWalk(made) { front.freeOne() }
        throw error
      }
    }
    for front in ListWalk(made) { front.nextPacket = nil }
    _ = unlinkRecord()
    for part in 0..<3 { lasts[part]?.next = nil }
    return Record(
      address: Self.packet(heads[0]), control: Self.packet(heads[1]), data: Self.packet(heads[2]))
  }

  private static func packet(_ head: Mbuf?) -> Packet? {
    guard let head else { return nil }
    head.setPacketByteCount(head.chainByteCount)
    return Packet(head)
  }

  /// Takes the first record out and counts its mbufs out.
  @inline(__always)
  private mutating func unlinkRecord() -> Mbuf? {
    guard let ends else { return nil }
    let first = ends.first
    for mbuf in first.chain { discharge(mbuf) }
    if let next = first.nextPacket { self.ends?.first = next } else { self.ends = nil }
    first.nextPacket = nil
    recordCount -= 1
    send = nil
    return first
  }
}

extension Mbuf {
  /// A new mbuf with the first `count` bytes of this one, which has more; it has a packet header.
  fileprivate func frontPiece(_ count: Int, _ site: CallSite) throws(MbufError) -> Mbuf {
    let copy: Mbuf
    if count <= MbufLayout.packetDataByteCount {
      copy = try pool.mbuf(.packetHeader, site)
      copy.append(self, 0, count)
    } else {
      copy = try copyOfPiece(0, count, isFirst: true, site)
    }
    copy.type = type
    return copy
  }

  /// This mbuf with a packet header, or one with a header and no bytes in front of it.
  ///
  /// Room for the header is made by moving the bytes, if they are few enough.
  func withPacketHeader(_ site: CallSite) throws(MbufError) -> Mbuf {
    if flags.contains(.packetHeader) { return self }
    if !isExternal, byteCount > MbufLayout.packetDataByteCount {
      let front = try pool.mbuf(.packetHeader, site)
      front.type = type
      front.next = self
      return front
    }
    // At most 168 bytes, the room behind the header's place.
    if !hasRoomForHeader { moveData(toOffset: MbufLayout.packetHeaderByteCount) }
    insertPacketHeader()
    packetHeader = PacketHeader()
    return self
  }
}
