// SPDX-License-Identifier: BSD-2-Clause
package import UMA

extension RecordQueue {
  // MARK: Without limits, and without a chance to fail

  /// Adds a packet to the last record, or begins a new one behind a record that has ended.
  ///
  /// Its packet header stays only where it is the first of its record, or data behind an address or
  /// control information.
  ///
  /// BSD: `sbappend`.
  package mutating func append(_ packet: consuming Packet) { append(packet.release()) }

  /// Adds a chain without a packet header like a packet.
  package mutating func append(_ chain: consuming MbufChain) {
    if let head = chain.release() { append(head) }
  }

  private mutating func append(_ head: Mbuf) {
    guard let ends else {
      let (first, last) = compress(head, behind: nil)
      if let first, let last { link(first, last) }
      return
    }
    if ends.tail.endsRecord { return appendRecord(head) }
    if head.type.part <= ends.tail.type.part { head.dropPacketHeader() }
    let tail = compress(head, behind: ends.tail).last
    self.ends?.tail = tail ?? ends.tail
  }

  /// Adds a packet to the only record; its header ends.
  ///
  /// A mark of a record's end stays only where nothing came behind it.
  ///
  /// - Precondition: the queue has one record or none.
  /// - Complexity: O(segments of the packet).
  ///
  /// BSD: `sbappendstream`.
  package mutating func appendStream(_ packet: consuming Packet) {
    let head = packet.release()
    head.dropPacketHeader()
    appendStream(head)
  }

  /// Adds a chain without a packet header to the only record.
  package mutating func appendStream(_ chain: consuming MbufChain) {
    if let head = chain.release() { appendStream(head) }
  }

  private mutating func appendStream(_ head: Mbuf) {
    precondition(recordCount <= 1, "a stream of \(recordCount) records")
    let (first, last) = compress(head, behind: ends?.tail)
    guard let last else { return }
    if let tail = ends?.tail {
      if last != tail { tail.endsRecord = false }
      ends?.tail = last
    } else if let first {
      link(first, last)
    }
  }

  /// Adds a packet as a new record, its segments as few as `coalesces` lets them be.
  ///
  /// BSD: `sbappendrecord`.
  package mutating func appendRecord(_ packet: consuming Packet) { appendRecord(packet.release()) }

  private mutating func appendRecord(_ head: Mbuf) {
    let (first, last) = compressRecord(head)
    link(first, last)
  }

  /// Adds a packet as a new record as it is.
  package mutating func enqueue(_ packet: consuming Packet) {
    let first = packet.release()
    link(first, chargeRecord(first))
  }

  /// Adds a packet as a record of out-of-band data, before the others but behind those that are
  /// out-of-band as well.
  ///
  /// BSD: `sbinsertoob`, which forgets to move the pointers to the last record and mbuf.
  package mutating func insertOutOfBand(_ packet: consuming Packet) {
    packet.type = .outOfBand
    let head = packet.release()
    var previous: Mbuf?
    var following = ends?.first
    while let here = following, here.beginsOutOfBand {
      previous = here
      following = here.nextPacket
    }
    let (first, last) = compressRecord(head)
    guard let following, let ends else { return link(first, last) }
    first.nextPacket = following
    if let previous {
      previous.nextPacket = first
    } else {
      self.ends = Ends(first: first, lastRecord: ends.lastRecord, tail: ends.tail)
      send = nil
    }
    recordCount += 1
  }

  // MARK: Records of several parts

  /// Adds a record of an address, control information and data.
  ///
  /// - Parameters:
  ///   - address: 1...`MbufLayout.dataByteCount` bytes, copied into an mbuf of their own.
  ///   - control: of any number of bytes; nil afterwards.
  ///   - data: of any number of bytes; nil afterwards.
  ///   - pool: where the address's mbuf comes from.
  ///   - site: who asks for it.
  /// - Throws: `MbufError.exhausted`; the packets are where they were.
  ///
  /// BSD: `sbappendaddr`.
  package mutating func appendAddress(
    _ address: RawSpan, control: inout Packet?, data: inout Packet?, from pool: MbufPool,
    _ site: CallSite
  ) throws(MbufError) {
    let byteCount = address.byteCount
    precondition(
      byteCount > 0 && byteCount <= MbufLayout.dataByteCount, "an address of \(byteCount) bytes")
    let isShort = byteCount <= MbufLayout.packetDataByteCount
    let first = try pool.core.mbuf(isShort ? .packetHeader : [], site)
    first.type = .address
    // In bounds: with a header it has room for 168 bytes, without for 216.
    first.append(address)
    let control = control.take()?.releasedControl()
    let data = data.take()?.release()
    if let control {
      first.next = control
      control.last.next = data
    } else {
      first.next = data
    }
    link(first, chargeRecord(first))
  }

  /// Adds a record of control information and data.
  ///
  /// - Parameters:
  ///   - control: of any number of bytes.
  ///   - data: of any number of bytes.
  ///
  /// BSD: `sbappendcontrol`.
  package mutating func appendControl(_ control: consuming Packet, data: consuming Packet?) {
    let first = control.releasedControl()
    if let data = data.take() { first.last.next = data.release() }
    link(first, chargeRecord(first))
  }

  /// Counts the mbufs of a record as they are, and leaves the mark of its end at its end only.
  ///
  /// - Returns: the last of them.
  @inline(__always)
  private mutating func chargeRecord(_ first: Mbuf) -> Mbuf {
    charge(first)
    var last = first
    var isEnded = false
    for mbuf in MbufWalk(first.next) {
      if last.endsRecord {
        isEnded = true
        last.endsRecord = false
      }
      charge(mbuf)
      last = mbuf
    }
    if isEnded { last.endsRecord = true }
    return last
  }
}

extension Packet {
  /// Hands the chain over as control information.
  fileprivate consuming func releasedControl() -> Mbuf {
    type = .control
    return release()
  }
}

extension Mbuf {
  /// Whether the first mbuf of this record that is not control information is out-of-band data.
  fileprivate var beginsOutOfBand: Bool {
    chain.first { $0.type != .control }?.type == .outOfBand
  }
}
