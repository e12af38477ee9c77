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
  var recordByteCount: Int {
    switch address {
    case .v4: 8
    case .v6: 20
    }
  }

  func store(into bytes: inout MutableRawSpan, at offset: Int) {
    bytes.store(port, at: offset + 2)
    switch address {
    case .v4(let address):
      bytes.store(4 as UInt8, at: offset)
      bytes.store(address, at: offset + 4)
    case .v6(let address):
      bytes.store(6 as UInt8, at: offset)
      bytes.store(address, at: offset + 4)
    }
  }

  init(_ bytes: RawSpan, at offset: Int) {
    let start = FixedBytes<8>(bytes, at: offset)
    if start.uint8(at: 0) == 4 {
      self.init(.v4(start.ipv4Address(at: 4)), start.uint16(at: 2))
    } else {
      let whole = FixedBytes<20>(bytes, at: offset)
      self.init(.v6(whole.ipv6Address(at: 4)), whole.uint16(at: 2))
    }
  }
}

extension Packet {
  /// Puts the addresses in front.
  ///
  /// - Throws: `MbufError.exhausted` if there was no room and no mbuf; the packet is unchanged.
  mutating func prepend(_ source: Endpoint, _ destination: Endpoint) throws(MbufError) {
    let sourceByteCount = source.recordByteCount
    try prepend(sourceByteCount + destination.recordByteCount)
    var bytes = mutableBytes
    source.store(into: &bytes, at: 0)
    destination.store(into: &bytes, at: sourceByteCount)
  }

  /// Takes the addresses off a record.
  consuming func datagram() -> Datagram {
    let source = Endpoint(bytes, at: 0)
    let sourceByteCount = source.recordByteCount
    let destination = Endpoint(bytes, at: sourceByteCount)
    trimFront(sourceByteCount + destination.recordByteCount)
    return Datagram(packet: self, source: source, destination: destination)
  }
}
