// SPDX-License-Identifier: BSD-2-Clause
//
// The first bytes of a capture file, looked at before libpcap reads them: it tells neither the
// resolution of the file nor why it refuses one. Nothing is decided here that libpcap decides too.
//
//     pcap     0 magic   4 major, minor (16 each)   8 zone   12 digits   16 snapshot   20 link type
//     pcapng   0 0a0d0d0a   4 block length   8 byte-order magic   12 major, minor ...
//              then blocks:  type, length, body, length again;  type 1 describes an interface
//
// IETF draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

/// What the first bytes of a file say.
struct CapturePrelude: Equatable {
  /// The kinds of file that are told apart.
  enum Content: Equatable {
    case empty
    case tooShort
    case capture(CaptureFormat)
    case compressed(PcapError.Compression)
    case unknown
  }

  let content: Content
  /// The first four bytes as they stand in the file, first byte highest.
  let magic: UInt32
  /// The finest resolution seen.
  let resolution: TimeResolution
  /// Whether the fields are in big-endian order.
  let isBigEndian: Bool

  init(_ bytes: [UInt8]) {
    let scan = PreludeScan(bytes)
    magic = scan.word(at: 0, bigEndian: true) ?? 0
    var resolution = TimeResolution.micro
    var isBigEndian = false
    switch magic {
    case 0xa1b2_c3d4, 0xd4c3_b2a1: content = .capture(.pcap)
    case 0xa1b2_3c4d, 0x4d3c_b2a1:
      content = .capture(.pcap)
      resolution = .nano
    case 0xa1b2_cd34, 0x34cd_b2a1: content = .capture(.modified)
    case 0x0a0d_0d0a:
      content = .capture(.pcapng)
      isBigEndian = scan.word(at: 8, bigEndian: true) == 0x1a2b_3c4d
      let interfaces = scan.interfaceResolutions(bigEndian: isBigEndian)
      if interfaces.contains(.nano) { resolution = .nano }
    default:
      content =
        bytes.isEmpty
        ? .empty
        : PcapError.Compression(startingWith: bytes).map { .compressed($0) }
          ?? (bytes.count < 4 ? .tooShort : .unknown)
    }
    if magic >> 16 == 0xa1b2 { isBigEndian = true }
    self.resolution = resolution
    self.isBigEndian = isBigEndian
  }

  /// Bytes still wanted to know the resolution, given what is there; 0 if it is known.
  ///
  /// Never more than libpcap itself wants before it opens the file, so waiting for them on a
  /// pipe delays nothing.
  static func bytesWanted(after bytes: [UInt8]) -> Int {
    if bytes.count < 4 { return 4 - bytes.count }
    let scan = PreludeScan(bytes)
    guard scan.word(at: 0, bigEndian: true) == 0x0a0d_0d0a else {
      return CapturePrelude(bytes).content == .unknown ? 0 : max(0, 24 - bytes.count)
    }
    if bytes.count < 12 { return 12 - bytes.count }
    let isBigEndian = scan.word(at: 8, bigEndian: true) == 0x1a2b_3c4d
    return scan.bytesToFirstInterface(bigEndian: isBigEndian)
  }
}

/// Reads words and blocks out of a few bytes that may end anywhere.
private struct PreludeScan {
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

  /// Walks the options of an interface description, which begin 16 bytes into the block.
  private func resolution(
    ofInterfaceAt start: Int, _ byteCount: Int, bigEndian: Bool
  ) -> TimeResolution {
    var offset = start + 16
    let end = start + byteCount - 4
    while offset + 4 <= end, let code = half(at: offset, bigEndian: bigEndian),
      let length = half(at: offset + 2, bigEndian: bigEndian), code != 0
    {
      if code == 9, length == 1, offset + 4 < end {
        let digits = bytes[offset + 4]
        // The highest bit says whether the rest is a power of 2 or of 10; 2^-20 is below 10^-6.
        return digits > (digits & 0x80 == 0 ? 6 : 0x80 + 19) ? .nano : .micro
      }
      offset += 4 + (length + 3) & ~3
    }
    return .micro
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

extension PcapError.Compression {
  /// The compression whose mark the bytes begin with.
  init?(startingWith bytes: [UInt8]) {
    let marks: [(Self, [UInt8])] = [
      (.gzip, [0x1f, 0x8b]), (.zstd, [0x28, 0xb5, 0x2f, 0xfd]), (.lz4, [0x04, 0x22, 0x4d, 0x18]),
      (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a]), (.bzip2, [0x42, 0x5a, 0x68]),
      (.zip, [0x50, 0x4b, 0x03, 0x04]),
    ]
    guard let match = marks.first(where: { bytes.starts(with: $0.1) }) else { return nil }
    self = match.0
  }
}
