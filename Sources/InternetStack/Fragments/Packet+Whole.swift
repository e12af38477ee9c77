// SPDX-License-Identifier: BSD-2-Clause
//
//     IPv4   | header: total length, no fragment, checksum | data ..........
//
//     IPv6   | header | extensions | fragment | data ....      the headers move over the fragment header
//                     | header | extensions | data ....        their last "next header" is the fragment's
//
// The header is the first fragment's, so are its hops, options, time stamp and interface.

import Mbufs
import Wire

extension Packet {
  /// Makes a packet with the headers of a first fragment, and the data of the whole datagram, that
  /// datagram.
  ///
  /// - Parameters:
  ///   - first: what the first fragment said of itself.
  ///   - byteCount: bytes of data.
  ///   - marks: a bit for each congestion mark that fragments had.
  /// - Complexity: O(headers); one mbuf is allocated if they are in pieces or not ours to write.
  consuming func becomeWhole(
    _ first: Fragment, byteCount: Int, marks: UInt8
  ) -> Reassembler.Outcome {
    let length = first.lengthField(end: byteCount)
    // Fragments that a router may mark, and one that it must not: RFC 3168, 5.3.
    let isCongested = marks & 0b1000 != 0
    if length > 65_535 || isCongested && marks & 1 != 0 { return .dropped(.malformed) }
    let headers = 0..<first.headerByteCount
    do throws(MbufError) {
      if mutableBytes(in: headers) == nil { try copyUp(headers.count, headroom: 0) }
    } catch {
      return .dropped(.noMemory)
    }
    guard var bytes = mutableBytes(in: headers) else {
      preconditionFailure("\(headers.count) bytes that were copied are not ours to write")
    }
    if isCongested { bytes.markCongestion(isIPv6: first.key.isIPv6) }
    // Cannot truncate: compared above.
    let field = UInt16(truncatingIfNeeded: length)
    if first.key.isIPv6 {
      bytes.removeFragmentHeader(first, payloadLength: field)
      trimFront(IPv6FragmentHeader.byteCount)
    } else {
      bytes.removeFragmentation(headerByteCount: first.headerByteCount, totalLength: field)
    }
    var header = header
    header.linkType = LinkType.raw.rawValue
    header.checksumState = .unknown
    header.networkOffset = 0
    header.transportOffset = UInt16(clamping: first.wholeHeaderByteCount)
    header.wireByteCount = nil
    self.header = header
    return .whole(self)
  }
}

extension MutableRawSpan {
  /// Sets both bits of the traffic class that tell congestion.
  @_lifetime(self: copy self)
  fileprivate mutating func markCongestion(isIPv6: Bool) {
    let offset = 1
    let byte = FixedBytes<1>(bytes, at: offset).uint8(at: 0)
    store(byte | (isIPv6 ? 0x30 : 0x03), at: offset)
  }

  @_lifetime(self: copy self)
  fileprivate mutating func removeFragmentation(headerByteCount: Int, totalLength: UInt16) {
    store(totalLength, at: 2)
    store(0 as UInt16, at: 6)
    store(0 as UInt16, at: 10)
    var sum = InternetChecksum()
    sum.add(bytes.extracting(first: headerByteCount))
    store(sum.complement, at: 10)
  }

  /// Moves the headers before the fragment header over it, the last bytes first.
  @_lifetime(self: copy self)
  fileprivate mutating func removeFragmentHeader(_ first: Fragment, payloadLength: UInt16) {
    store(payloadLength, at: 4)
    store(first.nextHeader.rawValue, at: first.nextHeaderOffset)
    var offset = first.wholeHeaderByteCount - 4
    // Extension headers are whole words of 32 bits.
    while offset >= 0 {
      let word = FixedBytes<4>(bytes, at: offset).uint32(at: 0)
      store(word, at: offset + IPv6FragmentHeader.byteCount)
      offset -= 4
    }
  }
}
