// SPDX-License-Identifier: BSD-2-Clause
//
// The first four bytes of a file tell what it is, and so why it is not read if it is no capture.

/// What the first bytes of a file say.
package struct CapturePrelude {
  /// How the file is laid out.
  package let format: CaptureFormat
  /// What a pcap counts; nanoseconds for a pcapng, whose interfaces say what each counts.
  package let resolution: TimeResolution

  /// Looks at the first bytes, which stay where they are.
  ///
  /// What is compressed is expanded from now on.
  ///
  /// - Throws: `.empty`, `.truncatedHeader`, `.compressed`, `.compressedTwice`, `.badMagic`,
  ///   `.unreadable`, `.noLibrary`, or what is wrong with a compressed stream.
  init(_ input: inout ByteSource, file path: String) throws(PcapError) {
    try input.expandIfCompressed(file: path)
    var supply = input.fill(4)
    // A pipe with anything else is not waited for.
    if supply == .here, Self.format(of: UInt32(bigEndian: input.word(at: 0))) != nil {
      supply = input.fill(PcapFileHeader.byteCount)
    }
    switch supply {
    case .failed(let reason): throw PcapError(.unreadable(errno: reason), file: path)
    case .unexpanded(let fault): throw input.error(fault.kind, file: path)
    case .here, .notYet, .ended: break
    }
    let bytes = input.span(0, Swift.min(input.byteCount, PcapFileHeader.byteCount))
    let first = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    try self.init(first, file: path, expandedFrom: input.compression)
  }

  /// Looks at the first bytes: 24 of them, or all that there are.
  ///
  /// - Throws: as the other.
  package init(
    _ bytes: [UInt8], file path: String, expandedFrom outer: CaptureCompression = .uncompressed
  ) throws(PcapError) {
    let isExpanded = outer != .uncompressed
    var magic: UInt32 = 0
    for byte in bytes.prefix(4) { magic = magic << 8 | UInt32(byte) }
    guard bytes.count >= 4, let format = Self.format(of: magic) else {
      let kind: PcapError.Kind =
        if bytes.isEmpty {
          .empty
        } else if let compression = PcapError.Compression(startingWith: bytes) {
          isExpanded ? .compressedTwice(outer, holding: compression) : .compressed(compression)
        } else if bytes.count < 4 {
          .truncatedHeader(wanted: 4, available: bytes.count)
        } else {
          .badMagic(magic)
        }
      throw PcapError(kind, file: path, byteOffset: 0, isExpanded: isExpanded)
    }
    self.format = format
    let isMicro = format == .modified || magic == 0xa1b2_c3d4 || magic == 0xd4c3_b2a1
    resolution = isMicro ? .micro : .nano
    // The shortest pcapng, a section without anything, has 28 bytes.
    let wanted = format == .pcapng ? 28 : PcapFileHeader.byteCount
    if bytes.count < PcapFileHeader.byteCount {
      throw PcapError(
        .truncatedHeader(wanted: wanted, available: bytes.count), file: path, byteOffset: 0,
        isExpanded: isExpanded)
    }
  }

  /// The format whose mark four bytes are, first byte highest; nil for no capture.
  private static func format(of magic: UInt32) -> CaptureFormat? {
    switch magic {
    case 0xa1b2_c3d4, 0xd4c3_b2a1, 0xa1b2_3c4d, 0x4d3c_b2a1: .pcap
    case 0xa1b2_cd34, 0x34cd_b2a1: .modified
    case 0x0a0d_0d0a: .pcapng
    default: nil
    }
  }
}

extension PcapError.Compression {
  /// The compression whose mark the bytes begin with.
  init?(startingWith bytes: [UInt8]) {
    let marks: [(Self, [UInt8])] = [
      (.xz, [0xfd, 0x37, 0x7a, 0x58, 0x5a]), (.bzip2, [0x42, 0x5a, 0x68]),
      (.zip, [0x50, 0x4b, 0x03, 0x04]),
    ]
    let mark = (bytes + [0, 0, 0, 0]).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    if let readable = CaptureCompression(mark: mark)?.rawValue {
      self.init(rawValue: readable)
      return
    }
    guard let match = marks.first(where: { bytes.starts(with: $0.1) }) else { return nil }
    self = match.0
  }
}
