// SPDX-License-Identifier: BSD-2-Clause
//
//     datagram   [ header | data ]->[ data ]->[ data ]
//
//     model      [ 48 free | header ]                              one mbuf, ours to write
//     pieces     [ 48 free | header ]->[ data, shared ]            a copy of the model each
//                [ 48 free | header ]->[ shared ]->[ shared ]
//
// Data in clusters is shared and not copied; what is inside mbufs is copied, and goes behind the header
// if there is room. The data is taken off the datagram from the front, so that no segment is passed twice.

import Mbufs
import Wire

extension Packet {
  /// Bytes free in front of each piece: a link header and its tags.
  private static var leadByteCount: Int { 48 }

  /// Cuts an IP datagram into pieces that are no longer than `mtu`; one that is not longer stays whole.
  ///
  /// Whether it may be cut, as IPv4's flag tells and IPv6 forbids all but the sender, is for the caller
  /// to know. Each piece has what is known of the packet: time stamp, interface, tags.
  ///
  /// - Parameters:
  ///   - mtu: the most bytes of a piece with its headers, 68...65,535.
  ///   - identification: of the pieces of an IPv6 datagram that was not cut before; in IPv4 the header
  ///     has it.
  /// - Returns: the pieces in order.
  /// - Throws: `FragmentationError`; the datagram is gone, and so are its pieces.
  /// - Complexity: O(segments + pieces), three mbufs each at most.
  ///
  /// BSD: `ip_fragment`, `ip6_fragment`.
  consuming func fragmented(
    mtu: Int, identification: UInt32
  ) throws(FragmentationError) -> PacketQueue {
    precondition((68...65_535).contains(mtu), "an MTU of \(mtu) bytes")
    if byteCount <= mtu {
      var pieces = PacketQueue()
      pieces.enqueue(self)
      return pieces
    }
    let plan = try Fragmentation(self, identification: identification)
    guard mtu - plan.headerByteCount >= 8 else {
      throw .headersTooLong(byteCount: plan.headerByteCount, mtu: mtu)
    }
    do throws(MbufError) {
      return try cut(plan, mtu)
    } catch {
      throw .noMemory(error)
    }
  }

  private consuming func cut(
    _ plan: Fragmentation, _ mtu: Int
  ) throws(MbufError) -> PacketQueue {
    var pieces = PacketQueue()
    var model = try headerModel(plan)
    trimFront(plan.oldHeaderByteCount)
    // Copies of the data need none: the model has them.
    removeTags(from: 0)
    var offset = plan.offset
    while true {
      let room = mtu - (model.byteCount - Self.leadByteCount)
      if byteCount <= room { break }
      // At least 8, since the first header leaves so many and the others are no longer.
      let count = room & ~7
      let data = try sharedCopy(0..<count)
      trimFront(count)
      var piece = try model.duplicate()
      try piece.pullUp(piece.byteCount)
      piece.become(plan, offset, data, more: true)
      pieces.enqueue(piece)
      if !plan.isIPv6, offset == plan.offset { model.dropOptionsOfFirst() }
      offset += count
    }
    model.become(plan, offset, self, more: plan.moreFragments)
    pieces.enqueue(model)
    return pieces
  }

  /// A copy of the headers, with room for IPv6's fragment header, in one segment.
  private mutating func headerModel(_ plan: Fragmentation) throws(MbufError) -> Packet {
    let added = plan.isIPv6 ? IPv6FragmentHeader.byteCount : 0
    var model = try sharedCopy(0..<plan.headerByteCount - added)
    try model.appendZeroes(added)
    try model.copyUp(plan.headerByteCount, headroom: Self.leadByteCount)
    try model.prepend(Self.leadByteCount)
    var header = model.header
    header.linkType = LinkType.raw.rawValue
    header.checksumState = .unknown
    header.networkOffset = 0
    header.transportOffset = UInt16(clamping: plan.headerByteCount)
    header.wireByteCount = nil
    model.header = header
    return model
  }

  /// Makes a copy of the model a piece.
  private mutating func become(
    _ plan: Fragmentation, _ offset: Int, _ data: consuming Packet, more: Bool
  ) {
    trimFront(Self.leadByteCount)
    let headerByteCount = byteCount
    let total = headerByteCount + data.byteCount
    var bytes = mutableBytes
    if plan.isIPv6 {
      bytes.storeFragmentHeader(
        plan, at: headerByteCount - IPv6FragmentHeader.byteCount, offset: offset, more: more,
        payloadByteCount: total - IPv6Header.byteCount)
    } else {
      bytes.storeFragmentation(
        headerByteCount: headerByteCount, offset: offset, more: more, totalByteCount: total)
    }
    join(data)
  }

  /// Takes the IPv4 options out of the model that only the first piece has.
  private mutating func dropOptionsOfFirst() {
    let lead = Self.leadByteCount
    let oldByteCount = byteCount - lead
    if oldByteCount == IPv4Header.byteCount { return }
    var bytes = mutableBytes
    let newByteCount = bytes.keepCopiedOptions(lead, headerByteCount: oldByteCount)
    trimBack(oldByteCount - newByteCount)
  }
}

extension MutableRawSpan {
  /// Writes what IPv4's header says of a piece; don't-fragment stays as it is.
  @_lifetime(self: copy self)
  fileprivate mutating func storeFragmentation(
    headerByteCount: Int, offset: Int, more: Bool, totalByteCount: Int
  ) {
    let flags = FixedBytes<2>(bytes, at: 6).uint16(at: 0) & 0xc000
    store(UInt16(totalByteCount), at: 2)
    store(flags | (more ? 0x2000 : 0) | UInt16(offset / 8), at: 6)
    store(0 as UInt16, at: 10)
    var sum = InternetChecksum()
    sum.add(bytes.extracting(first: headerByteCount))
    store(sum.complement, at: 10)
  }

  /// Writes IPv6's fragment header, and that it follows.
  @_lifetime(self: copy self)
  fileprivate mutating func storeFragmentHeader(
    _ plan: Fragmentation, at place: Int, offset: Int, more: Bool, payloadByteCount: Int
  ) {
    store(UInt16(payloadByteCount), at: 4)
    store(IPProtocol.fragment.rawValue, at: plan.nextHeaderOffset)
    store(plan.nextHeader.rawValue, at: place)
    store(0 as UInt8, at: place + 1)
    store(UInt16(offset) | (more ? 1 : 0), at: place + 2)
    store(plan.identification, at: place + 4)
  }

  /// Moves the options with the copied flag together and fills their last word with zeroes.
  ///
  /// - Parameters:
  ///   - start: where the header begins.
  ///   - headerByteCount: bytes of it with all options.
  /// - Returns: bytes of the header now.
  @_lifetime(self: copy self)
  fileprivate mutating func keepCopiedOptions(_ start: Int, headerByteCount: Int) -> Int {
    let end = start + headerByteCount
    var from = start + IPv4Header.byteCount
    var to = from
    // Up to the end of options, or one that makes no sense.
    while from < end, case let kind = FixedBytes<1>(bytes, at: from).uint8(at: 0), kind != 0 {
      if kind == 1 {
        from += 1
        continue
      }
      let count = from + 1 < end ? Int(FixedBytes<1>(bytes, at: from + 1).uint8(at: 0)) : 0
      guard count >= 2, from + count <= end else { break }
      if kind & 0x80 != 0 {
        for index in from..<from + count {
          store(FixedBytes<1>(bytes, at: index).uint8(at: 0), at: to)
          to += 1
        }
      }
      from += count
    }
    while (to - start) % 4 != 0 {
      store(0 as UInt8, at: to)
      to += 1
    }
    store(UInt8(0x40 | (to - start) / 4), at: start)
    return to - start
  }
}
