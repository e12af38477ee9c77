// SPDX-License-Identifier: BSD-2-Clause
//
// The blocks of a pcapng file before its first packet, and the options in them.
//
//     block      0 type   4 length   8 body ...   length again
//     section    type 0a0d0d0a, the prelude itself
//     interface  type 1:  8 link type   12 snapshot length   16 options ...
//     option     0 code   2 length   4 value, padded to four bytes;  code 0 ends them
//
// Only the resolution of time stamps is read, by `resolution(ofInterfaceAt:)`. Another option of an
// interface is read by `forEachOption` beside it and goes the same way: collected where
// `interfaceResolutions` is, kept by `CapturePrelude.init` (CapturePrelude.swift), and given to the reader
// as a property (CaptureReader.swift) where CaptureReader+Open.swift makes one. Options of the section
// would be walked from byte 24 of its block. Those of packets (types 2 and 6) are libpcap's to read,
// and it hands on none of them: to have them takes a reader of our own in the place of CaptureReader's
// `nextFrame`, a field of `CapturedFrame` and a `PacketTag` of the packet, and a writer of pcapng beside
// CaptureWriter.swift, which writes pcap.
//
// Of a file its first 64 KiB are scanned, of a pipe what comes before the end of its first interface.
//
// IETF draft-ietf-opsawg-pcapng.

/// Reads words and blocks out of a few bytes that may end anywhere.
struct PreludeScan {
  let bytes: [UInt8]
  /// The most that is looked at.
  static let limitInBytes = 65_536

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func word(at offset: Int, bigEndian: Bool) -> UInt32? {
    guard offset >= 0, offset <= bytes.count - 4 else { return nil }
    var value: UInt32 = 0
    for index in 0..<4 { value = value << 8 | UInt32(bytes[offset + index]) }
    return bigEndian ? value : value.byteSwapped
  }

  func half(at offset: Int, bigEndian: Bool) -> Int? {
    guard offset >= 0, offset <= bytes.count - 2 else { return nil }
    let value = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    return Int(bigEndian ? value : value.byteSwapped)
  }

  /// The block at `offset`, if its header is there and its length can be one.
  func block(at offset: Int, bigEndian: Bool) -> (type: UInt32, byteCount: Int)? {
    guard let type = word(at: offset, bigEndian: bigEndian),
      let length = word(at: offset + 4, bigEndian: bigEndian),
      length >= 12, length % 4 == 0, length <= Self.limitInBytes
    else { return nil }
    return (type, Int(length))
  }

  /// The resolutions of the interfaces described before the first packet.
  func interfaceResolutions(bigEndian: Bool) -> [TimeResolution] {
    var found: [TimeResolution] = []
    var offset = 0
    while let (type, byteCount) = block(at: offset, bigEndian: bigEndian) {
      switch type {
      case 1:
        guard offset + byteCount <= bytes.count else { return found }
        found.append(resolution(ofInterfaceAt: offset, byteCount, bigEndian: bigEndian))
      case 2, 3, 6: return found
      default: break
      }
      offset += byteCount
    }
    return found
  }

  /// What the options of an interface description say of its time stamps.
  private func resolution(
    ofInterfaceAt start: Int, _ byteCount: Int, bigEndian: Bool
  ) -> TimeResolution {
    var resolution = TimeResolution.micro
    forEachOption(in: start + 16..<max(start + 16, start + byteCount - 4), bigEndian: bigEndian) {
      code, value in
      switch code {
      case 9 where value.count == 1:  // if_tsresol
        let digits = bytes[value.lowerBound]
        // The highest bit says whether the rest is a power of 2 or of 10; 2^-20 is below 10^-6.
        resolution = digits > (digits & 0x80 == 0 ? 6 : 0x80 + 19) ? .nano : .micro
      default: break
      }
    }
    return resolution
  }

  /// Calls `body` with the code of each option and where its value lies, up to the first that is cut.
  private func forEachOption(
    in range: Range<Int>, bigEndian: Bool, _ body: (_ code: Int, _ value: Range<Int>) -> Void
  ) {
    var offset = range.lowerBound
    while offset + 4 <= range.upperBound, let code = half(at: offset, bigEndian: bigEndian),
      let length = half(at: offset + 2, bigEndian: bigEndian), code != 0,
      offset + 4 + length <= min(range.upperBound, bytes.count)
    {
      body(code, offset + 4..<offset + 4 + length)
      offset += 4 + (length + 3) & ~3
    }
  }

  func bytesToFirstInterface(bigEndian: Bool) -> Int {
    var offset = 0
    while offset < Self.limitInBytes {
      if bytes.count < offset + 8 { return offset + 8 - bytes.count }
      guard let (type, byteCount) = block(at: offset, bigEndian: bigEndian) else { return 0 }
      if type == 1 { return max(0, offset + byteCount - bytes.count) }
      if type == 2 || type == 3 || type == 6 { return 0 }
      offset += byteCount
    }
    return 0
  }
}
