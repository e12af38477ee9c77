// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

extension QuotedDatagram {
  /// Reads what a packet quotes that begins behind the header of an ICMP error; nil if it is no IP header of
  /// the family, or the first pieces do not hold it.
  init?(_ packet: borrowing Packet, isIPv6: Bool) {
    // All headers of most, over as many segments as they lie in.
    var prefix = FramePrefix(capacity: min(packet.byteCount, 128))
    packet.forEachSegment(from: 0, byteCount: min(packet.byteCount, 128)) { prefix.append($0) }
    do throws(ParseError) {
      self =
        isIPv6 ? try QuotedDatagram(ipv6: prefix.bytes) : try QuotedDatagram(ipv4: prefix.bytes)
    } catch {
      return nil
    }
  }
}

extension Packet {
  /// Bytes of the datagram that is quoted at the start, as its header says; 0 if it does not.
  borrowing func quotedByteCount(isIPv6: Bool) -> Int {
    let field = Int((try? uint16(at: isIPv6 ? 4 : 2)) ?? 0)
    return isIPv6 ? field + IPv6Header.byteCount : field
  }
}
