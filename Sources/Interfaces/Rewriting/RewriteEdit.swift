// SPDX-License-Identifier: BSD-2-Clause
//
// What the rules make of one packet: worked out from its headers first, then written in one go, so
// that nothing is half done. All places are those of the packet as it was.
//
//     writes == the fields that get another value       none: the packet is not touched at all
//     end    == bytes from the packet's start that hold all of them
//
// A field is only looked at if the capture has it. The IP header is there whole, or nothing in or
// behind it is written.

import Mbufs
import Wire

/// The changes that are made to one packet.
struct RewriteEdit {
  /// A field of 16 bits: a port or a checksum.
  struct Field {
    var offset: Int
    var value: UInt16
  }

  /// What is done to tags.
  enum Tag {
    case none
    case set(control: UInt16)
    case push(control: UInt16)
    case pop
  }

  var end = 0
  var linkSource: MACAddress?
  var linkDestination: MACAddress?
  var tag = Tag.none
  /// New addresses, and whether they have 16 bytes; nil if they stay.
  var source: (offset: Int, address: IPv6Address)?
  var destination: (offset: Int, address: IPv6Address)?
  var isIPv6 = false
  var hops: (offset: Int, value: UInt8)?
  var sourcePort: Field?
  var destinationPort: Field?
  var networkChecksum: Field?
  var transportChecksum: Field?

  /// Has the bytes up to an offset among those that are written.
  mutating func reach(_ offset: Int) { end = Swift.max(end, offset) }

  /// Writes all but tags into the first bytes of the packet.
  ///
  /// - Precondition: `end` of them.
  func write(into bytes: inout MutableRawSpan) {
    if let linkDestination { bytes.store(linkDestination, at: 0) }
    if let linkSource { bytes.store(linkSource, at: 6) }
    if case .set(let control) = tag { bytes.store(control, at: EthernetHeader.byteCount) }
    write(source, into: &bytes)
    write(destination, into: &bytes)
    if let hops { bytes.store(hops.value, at: hops.offset) }
    write(sourcePort, into: &bytes)
    write(destinationPort, into: &bytes)
    write(networkChecksum, into: &bytes)
    write(transportChecksum, into: &bytes)
  }

  private func write(_ field: Field?, into bytes: inout MutableRawSpan) {
    if let field { bytes.store(field.value, at: field.offset) }
  }

  private func write(
    _ address: (offset: Int, address: IPv6Address)?, into bytes: inout MutableRawSpan
  ) {
    guard let (offset, address) = address else { return }
    if isIPv6 {
      bytes.store(address, at: offset)
    } else {
      bytes.store(UInt32(truncatingIfNeeded: address.low), at: offset)
    }
  }
}
