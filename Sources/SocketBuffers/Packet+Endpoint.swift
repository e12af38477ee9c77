// SPDX-License-Identifier: BSD-2-Clause
//
// A record in a socket buffer is a packet whose first bytes say who sent it to whom:
//
//      0        1        2                 4
//     +--------+--------+-----------------+-------------------------+
//     | family |   0    |      port       |  address, 4 or 16 bytes |    source
//     +--------+--------+-----------------+-------------------------+
//     | family |   0    |      port       |  address, 4 or 16 bytes |    destination
//     +--------+--------+-----------------+-------------------------+
//     | datagram ...
//
//     family == 4 or 6;   both together take 16, 28 or 40 bytes, in one segment
//
// They are fewer than the headers that were in front of the datagram, so a packet that is not shared
// has room for them where the headers were, and putting them there allocates nothing. FreeBSD spends
// an mbuf of type MT_SONAME on the address of each record.

import Mbufs
import Wire

extension Endpoint {
  /// Bytes of the address in front of a record: 8 or 20.
  @inline(__always)
  var recordByteCount: Int {
    switch address {
    case .v4: 8
    case .v6: 20
    }
  }

  /// Family, port and an IPv4 address are one word, and most addresses are that word.
  @inline(__always)
  func store(into bytes: inout MutableRawSpan, at offset: Int) {
    switch address {
    case .v4(let address):
      bytes.store(4 << 56 | UInt64(port) << 32 | UInt64(address.bits), at: offset)
    case .v6(let address):
      bytes.store(6 << 24 | UInt32(port), at: offset)
      bytes.store(address, at: offset + 4)
    }
  }

  @inline(__always)
  init(_ bytes: RawSpan, at offset: Int) {
    let word = FixedBytes<8>(bytes, at: offset).uint64(at: 0)
    let port = UInt16(truncatingIfNeeded: word >> 32)
    if word >> 56 == 4 {
      self.init(.v4(IPv4Address(UInt32(truncatingIfNeeded: word))), port)
    } else {
      self.init(.v6(FixedBytes<20>(bytes, at: offset).ipv6Address(at: 4)), port)
    }
  }
}

extension Packet {
  /// Puts the addresses in front.
  ///
  /// - Throws: `MbufError.exhausted` if there was no room and no mbuf; the packet is unchanged.
  @inline(__always)
  mutating func prepend(_ source: Endpoint, _ destination: Endpoint) throws(MbufError) {
    let sourceByteCount = source.recordByteCount
    let byteCount = sourceByteCount + destination.recordByteCount
    try prepend(byteCount) { output in
      output.append(byteCount) { bytes in
        source.store(into: &bytes, at: 0)
        destination.store(into: &bytes, at: sourceByteCount)
      }
    }
  }

  /// Takes the addresses off a record.
  @inline(__always)
  consuming func datagram() -> Datagram {
    let source = Endpoint(bytes, at: 0)
    let sourceByteCount = source.recordByteCount
    let destination = Endpoint(bytes, at: sourceByteCount)
    trimFront(sourceByteCount + destination.recordByteCount)
    return Datagram(packet: self, source: source, destination: destination)
  }
}
