// SPDX-License-Identifier: BSD-2-Clause
//
// What a pcapng has in place of a pcap's header and records, in this machine's byte order:
//
//     section header     at the beginning
//     interface          in front of the first packet of each link type; the first stands behind the header
//     enhanced packet    one each
//
//     type (32)   length (32)   body, padded to 4 bytes   the length again
//
//     interfaces == link types of the packets so far, in the order in which they came
//
// An interface says in what its times are counted: in nanoseconds, or in microseconds where it says
// nothing. Times before 1970 have no place in it.
//
// draft-ietf-opsawg-pcapng, sections 4.1 to 4.3.

import Mbufs
import Wire

extension CaptureWriter {
  /// Bytes of a packet's block beside the packet itself.
  static var blockByteCount: Int { 32 }

  /// The section header of a pcapng, and its first interface.
  static func pcapngHeader(
    linkType: LinkType, resolution: TimeResolution, snapshotByteCount: Int, _ path: String
  ) throws(PcapError) -> [UInt8] {
    // Magic, version 1.0, and a section whose length is not known beforehand.
    let version: UInt32 = UInt16(littleEndian: 1) == 1 ? 1 : 0x0001_0000
    let section: [UInt32] = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, version, .max, .max, 28]
    let interface = try interfaceBlock(linkType, resolution, snapshotByteCount, path)
    return section.flatMap(bytes) + interface
  }

  private static func bytes(of word: UInt32) -> [UInt8] {
    unsafe withUnsafeBytes(of: word) { unsafe [UInt8]($0) }
  }

  private static func interfaceBlock(
    _ linkType: LinkType, _ resolution: TimeResolution, _ snapshotByteCount: Int, _ path: String
  ) throws(PcapError) -> [UInt8] {
    guard let number = linkType.inFile, number <= 0xffff else {
      throw PcapError(.unsupportedLinkType(linkType.rawValue), file: path)
    }
    let isLittle = UInt16(littleEndian: 1) == 1
    let type = isLittle ? number : number << 16
    // if_tsresol is 9, and the end of options.
    let code: UInt32 = isLittle ? 0x0001_0009 : 0x0009_0001
    let options: [[UInt8]] =
      resolution == .nano ? [bytes(of: code), [9, 0, 0, 0], [0, 0, 0, 0]] : []
    let length = UInt32(20 + 4 * options.count)
    return [1, length, type, UInt32(snapshotByteCount)].flatMap(bytes) + options.flatMap(\.self)
      + bytes(of: length)
  }

  /// Makes room for the block of a packet, and writes its fields once nothing can fail any more.
  ///
  /// - Returns: bytes of padding behind the packet.
  mutating func beginBlock(
    _ linkType: LinkType, byteCount: Int, timestampInNanoseconds time: Int64, wireByteCount: Int
  ) throws(PcapError) -> Int {
    guard time >= 0 else { throw failure(.timeBefore1970(nanoseconds: time)) }
    // A packet that nobody gave a type has the file's.
    let linkType = linkType.rawValue == .max ? self.linkType : linkType
    if !isInOwnSection { try beginOwnSection(linkType) }
    let interface = try interfaceNumber(linkType)
    let padding = -byteCount & 3
    let length = Self.blockByteCount + byteCount + padding
    if !output.hasRoom(length) { try makeRoomSlow(length) }
    let ticks = UInt64(resolution == .nano ? time : time / 1_000)
    output.appendRecordHeader(
      6, UInt32(length), interface, UInt32(truncatingIfNeeded: ticks >> 32))
    output.appendWords(
      UInt32(truncatingIfNeeded: ticks), UInt32(byteCount), UInt32(clamping: wireByteCount))
    return padding
  }

  /// Writes what stands behind the packet of a block.
  mutating func endBlock(byteCount: Int, padding: Int) {
    output.endBlock(padding: padding, length: UInt32(Self.blockByteCount + byteCount + padding))
    pcapngByteCount += Self.blockByteCount + byteCount + padding
  }

  /// The number of the interface whose link type this is; one is described if there is none.
  private mutating func interfaceNumber(_ linkType: LinkType) throws(PcapError) -> UInt32 {
    if linkType == interfaces.last { return UInt32(interfaces.count - 1) }
    if let index = interfaces.firstIndex(of: linkType) { return UInt32(index) }
    return try describeInterface(linkType)
  }

  @inline(never)
  private mutating func describeInterface(_ linkType: LinkType) throws(PcapError) -> UInt32 {
    let block: [UInt8]
    do throws(PcapError) {
      block = try Self.interfaceBlock(linkType, resolution, snapshotByteCount, path)
    } catch {
      throw failure(error.kind)
    }
    if !output.hasRoom(block.count) { try makeRoomSlow(block.count) }
    unsafe output.append(block.span.bytes)
    pcapngByteCount += block.count
    interfaces.append(linkType)
    return UInt32(interfaces.count - 1)
  }
}
