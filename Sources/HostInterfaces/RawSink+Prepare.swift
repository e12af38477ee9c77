// SPDX-License-Identifier: BSD-2-Clause
//
// What is looked at where a packet does not leave at once:
//
//     prepare(&packets)  =>  the first packet is of the family, begins with its header in one piece, and
//                            passes the filter

import Interfaces
import Mbufs
import Wire

#if os(Linux)
  extension RawSink {
    /// The first half byte of the first packet; nil if there is none.
    static func version(ofFirst packets: borrowing PacketQueue) -> Int? {
      var version: Int?
      packets.forEach { packet in
        version = Self.version(packet)
        return false
      }
      return version
    }

    /// The first half byte; nil of a packet without bytes.
    static func version(_ packet: borrowing Packet) -> Int? {
      guard packet.byteCount > 0 else { return nil }
      var version = 0
      packet.forEachSegment(from: 0, byteCount: 1) {
        version = Int(FixedBytes<1>($0, at: 0).uint8(at: 0) >> 4)
      }
      return version
    }

    /// Has the first packet pass: its header in one piece, its checksum filled in.
    @inline(never)
    static func prepare(
      _ packets: inout PacketQueue, _ filter: LinkFilter, version: Int, headerByteCount: Int
    ) -> Bool {
      guard Self.version(ofFirst: packets) == version, var packet = packets.dequeue() else {
        return false
      }
      let isReady =
        filter.prepare(&packet) && (try? packet.pullUp(headerByteCount)) != nil
        && filter.passes(packet)
      packets.putBack(packet)
      return isReady
    }

    /// Why the first packet of a queue does not leave.
    @inline(never)
    func refusal(ofFirst packets: borrowing PacketQueue) -> InterfaceError {
      let name = "the raw socket"
      let error = filter.refusal(ofFirst: packets, at: name)
      // The filter has nothing against it: it has no header, or there was no memory to put that in place.
      guard error.kind == .failed else { return error }
      var byteCount = 0
      packets.forEach { packet in
        byteCount = packet.byteCount
        return false
      }
      let why: String
      switch Self.version(ofFirst: packets) {
      case 6 where ipv6 < 0: why = "this host has no IPv6"
      case 6 where byteCount >= IPv6Header.byteCount: return error
      case 4 where byteCount >= IPv4Header.byteCount: return error
      default: why = "it does not begin with an IPv4 or IPv6 header"
      }
      return InterfaceError(.unfit, "\(name) does not take the packet", why: why)
    }
  }
#endif
