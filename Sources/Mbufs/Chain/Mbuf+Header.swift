// SPDX-License-Identifier: BSD-2-Clause
//
// The packet header from mbuf to mbuf, with the marks and tags that belong to it.

import UMA

extension Mbuf {
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

  /// Makes this the first mbuf of a packet that holds a range of another packet's bytes.
  ///
  /// Only a range from the first byte on keeps what the header says of offsets and wire length,
  /// and has copies of the tags.
  ///
  /// - Throws: `MbufError.exhausted` if no mbuf is free for a tag; this mbuf is unchanged.
  @inline(__always)
  func takeHeader(of other: Mbuf, _ range: Range<Int>, _ site: CallSite) throws(MbufError) {
    let tags = range.lowerBound == 0 ? try other.copyOfTags(site) : nil
    takeHeaderFields(of: other, range)
    if tags != nil { firstTag = tags }
  }

  /// The same without tags.
  @inline(__always)
  func takeHeaderFields(of other: Mbuf, _ range: Range<Int>) {
    var header = other.packetHeader
    header.tags = 0
    if range.lowerBound != 0 {
      header.wireBytes = .max
      header.networkOffset = 0
      header.transportOffset = 0
    }
    header.packetByteCount = Int32(range.count)
    packetHeader = header
    flags.formUnion(other.flags.intersection(.ofPacket))
  }

  /// The mbuf that can carry the packet header of `chain`: its first if the header's place there
  /// is free, else a new empty one in front.
  func frontForHeader(_ chain: Mbuf?, _ site: CallSite) throws(MbufError) -> Mbuf {
    if let first = chain, first.hasRoomForHeader {
      first.insertPacketHeader()
      return first
    }
    let front = try pool.mbuf(.packetHeader, site)
    front.takeType(of: chain ?? self)
    front.next = chain
    return front
  }

  /// This chain with a packet header: on its first mbuf if the place is free there, else on a new
  /// empty one in front.
  func withHeader(_ byteCount: Int, _ site: CallSite) throws(MbufError) -> Mbuf {
    let front = try frontForHeader(self, site)
    front.packetHeader = PacketHeader()
    front.packetByteCount = byteCount
    return front
  }

  // MARK: Types

  /// Takes the type of an mbuf whose bytes it holds now, or stands before.
  @inline(__always)
  func takeType(of other: Mbuf) {
    if type != other.type { type = other.type }
  }

  /// The same for each mbuf from here on.
  func takeTypeInChain(of other: Mbuf) {
    for mbuf in chain { mbuf.takeType(of: other) }
  }
}
