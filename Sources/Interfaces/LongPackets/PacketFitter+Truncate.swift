// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

extension PacketFitter {
  /// Cuts the end of the packet off, and has lengths and checksums say so.
  ///
  /// Lengths of IP and UDP, and the checksums of TCP, UDP, ICMP and ICMPv6, follow if the packet is
  /// whole and no fragment; the length of IP also in fragments. What is not IP is cut, and no more.
  func truncate(_ packet: inout Packet, _ frame: DecodedFrame) throws(MbufError) {
    let excess = packet.linkPayloadByteCount - mtu
    let isRight = Self.isWhole(frame, packet)
    let end = frame.networkOffset + frame.ipTotalByteCount
    let newEnd = packet.byteCount - excess
    let headerEnd = frame.networkOffset + frame.ipHeaderByteCount
    if isRight, newEnd < end, newEnd >= headerEnd {
      let transport = frame.isVerifiable ? Fields(packet, frame, newEnd) : nil
      try packet.makeHeadersWritable(transport?.end ?? headerEnd, frame, headroom: 0)
      var bytes = packet.mutableBytes
      Self.setLength(&bytes, frame, newEnd - frame.networkOffset)
      transport?.write(into: &bytes)
      if packet.checksumState == .verified, transport == nil { packet.checksumState = .unknown }
    }
    // What the capture had cut already keeps its length on the wire, which IP's own length goes with.
    let wasCut = packet.wireByteCount > packet.byteCount
    packet.trimBack(excess)
    if packet.header.wireByteCount != nil, !wasCut { packet.wireByteCount = packet.byteCount }
  }

  /// What a transport header says once the end of its payload is cut off.
  private struct Fields {
    var length: (offset: Int, value: UInt16)?
    var checksum: (offset: Int, value: UInt16)
    var end: Int

    /// Nil for transports whose checksum is not known, or is cut off too.
    init?(_ packet: borrowing Packet, _ frame: DecodedFrame, _ newEnd: Int) {
      let start = frame.transportOffset
      let place: Int
      switch frame.transport {
      case .udp: place = 6
      case .tcp: place = TCPHeader.checksumOffset
      case .icmp, .icmpv6: place = 2
      case .none, .other: return nil
      }
      end = start + place + 2
      let count = newEnd - start
      // UDP may end before IP does: then nothing of it is cut.
      let oldCount = frame.transportByteCount
      guard end <= newEnd, count < oldCount else { return nil }
      var change = ChecksumChange()
      let removed = packet.internetChecksum(from: newEnd, byteCount: oldCount - count).folded
      // What begins at an odd place was summed the other way round (RFC 1071 section 2 (B)).
      change.replace(count % 2 == 0 ? removed : removed.byteSwapped, by: 0)
      var pseudoHeader = ChecksumChange()
      if frame.transport != .icmp {
        pseudoHeader.replace(UInt32(oldCount), by: UInt32(count))
        change.replace(UInt32(oldCount), by: UInt32(count))
      }
      if frame.transport == .udp {
        length = (start + 4, UInt16(truncatingIfNeeded: count))
        change.replace(UInt16(truncatingIfNeeded: oldCount), by: UInt16(truncatingIfNeeded: count))
      }
      let old = frame.transportChecksum
      let isPartial =
        packet.checksumState == .partial
        || packet.checksumState == .unknown && packet.transportChecksumResult(frame) == .partial
      let value =
        isPartial
        ? pseudoHeader.applied(toPartial: old)
        : frame.transport == .udp ? change.applied(toUDP: old) : change.applied(to: old)
      checksum = (start + place, value)
    }

    @_lifetime(bytes: copy bytes)
    func write(into bytes: inout MutableRawSpan) {
      if let length { bytes.store(length.value, at: length.offset) }
      bytes.store(checksum.value, at: checksum.offset)
    }
  }
}
