// SPDX-License-Identifier: BSD-2-Clause
//
// The first bytes of a capture file, looked at before libpcap reads them: it tells neither the
// resolution of the file nor why it refuses one. Nothing is decided here that libpcap decides too.
//
//     pcap     0 magic   4 major, minor (16 each)   8 zone   12 digits   16 snapshot   20 link type
//     pcapng   0 0a0d0d0a   4 block length   8 byte-order magic   12 major, minor ...
//              then blocks, PreludeScan.swift
//
// IETF draft-ietf-opsawg-pcap.

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
