// SPDX-License-Identifier: BSD-2-Clause
//
// How a datagram is cut:
//
//     IPv4   | header, options | data ........................ |
//            | header, options | 8n | header, copied options | 8n | header, copied options | rest |
//
//     IPv6   | U | data ......... |        U: the header and what every router reads behind it
//            | U | F | 8n | U | F | 8n | U | F | rest |           F: fragment header
//
// A datagram that has been cut before is cut again: its pieces go on from its own offset, the last has
// its own flag of more, and in IPv6 its own fragment header.

import Mbufs
import Wire

/// Why a datagram was not cut.
enum FragmentationError: Error, Equatable {
  /// It is no IP datagram with headers that fit it, or its offset lies too far.
  case malformed
  /// Its headers and eight bytes of data are longer than may be sent.
  case headersTooLong(byteCount: Int, mtu: Int)
  /// There was no mbuf for a header.
  case noMemory(MbufError)
}

/// How a datagram is to be cut.
struct Fragmentation: Equatable, BitwiseCopyable {
  /// Bytes in front of the data of the first piece, fragment header included.
  private(set) var headerByteCount: Int
  /// Bytes of the datagram that are headers, and not data that is cut.
  private(set) var oldHeaderByteCount: Int
  /// Where the data lies in the datagram that was cut first.
  private(set) var offset = 0
  /// Whether the last piece is not the last of that.
  private(set) var moreFragments = false
  private(set) var isIPv6: Bool
  /// IPv6: what follows the fragment header, and where the byte stands that says that it comes.
  private(set) var nextHeader = IPProtocol(rawValue: 0)
  private(set) var nextHeaderOffset = 0
  /// IPv6: of the fragment header.
  private(set) var identification: UInt32

  /// Reads the headers of a datagram.
  ///
  /// - Parameter identification: for an IPv6 datagram that has no fragment header.
  init(_ packet: borrowing Packet, identification: UInt32) throws(FragmentationError) {
    self.identification = identification
    do throws(MbufError) {
      isIPv6 = try packet.uint8(at: 0) >> 4 == 6
      headerByteCount = Int(try packet.uint8(at: 0) & 15) * 4
      oldHeaderByteCount = headerByteCount
      if isIPv6 { try readIPv6(packet) } else { try readIPv4(packet) }
    } catch {
      throw .malformed
    }
    // The offset of a piece has 16 bits, and all but the last have whole units.
    let dataByteCount = packet.byteCount - oldHeaderByteCount
    guard dataByteCount >= 0, offset + dataByteCount <= 65_535,
      !moreFragments || dataByteCount % 8 == 0
    else { throw .malformed }
  }

  private mutating func readIPv4(_ packet: borrowing Packet) throws(MbufError) {
    guard try packet.uint8(at: 0) >> 4 == 4, headerByteCount >= IPv4Header.byteCount,
      Int(try packet.uint16(at: 2)) == packet.byteCount
    else { throw .tooShort(wanted: IPv4Header.byteCount, available: packet.byteCount) }
    let field = try packet.uint16(at: 6)
    offset = Int(field & 0x1fff) * 8
    moreFragments = field & 0x2000 != 0
  }

  /// Finds where the headers end that every router reads: RFC 8200, 4.5.
  private mutating func readIPv6(_ packet: borrowing Packet) throws(MbufError) {
    var here = IPv6Header.byteCount
    guard Int(try packet.uint16(at: 4)) == packet.byteCount - here else {
      throw .tooShort(wanted: here, available: packet.byteCount)
    }
    var from = 6
    var next = IPProtocol(rawValue: try packet.uint8(at: from))
    (nextHeader, nextHeaderOffset, headerByteCount) = (next, from, here)
    while next == .hopByHop || next == .destinationOptions || next == .routing,
      let step = try packet.extensionHeader(next, at: here)
    {
      // Destination options are for every router only before a routing header.
      let isForRouters = next != .destinationOptions
      (from, next) = (here, step.next)
      here += step.byteCount
      if isForRouters { (nextHeader, nextHeaderOffset, headerByteCount) = (next, from, here) }
    }
    oldHeaderByteCount = headerByteCount
    if next == .fragment {
      nextHeader = IPProtocol(rawValue: try packet.uint8(at: here))
      nextHeaderOffset = from
      let field = try packet.uint16(at: here + 2)
      offset = Int(field & 0xfff8)
      moreFragments = field & 1 != 0
      identification = try packet.uint32(at: here + 4)
      headerByteCount = here
      oldHeaderByteCount = here + IPv6FragmentHeader.byteCount
    }
    headerByteCount += IPv6FragmentHeader.byteCount
  }
}
