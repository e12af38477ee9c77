// SPDX-License-Identifier: BSD-2-Clause
//
// The header of a pcap:
//
//     0 magic   4 major, minor (16 each)   8 zone   12 digits   16 snapshot length   20 link type
//
//     a1 b2 c3 d4   microseconds               records of 16 bytes and the frame
//     a1 b2 3c 4d   nanoseconds
//     a1 b2 cd 34   microseconds, "modified"   records of 24 bytes and the frame
//
// all fields in the order that the magic is in. Any version 2.x is read, and DG/UX's 543.0; where old
// ones have the two lengths of a record in the other order, is told by the version:
//
//     2.0, 2.1, 2.2, 543.0    always             2.3    where the first is more than the second
//
// Zone and digits mean nothing. The snapshot length limits nothing: it says what was asked for.
//
// draft-ietf-opsawg-pcap, section 4; sf-pcap.c of libpcap 1.10 for the old versions.

import Wire

/// What the first 24 bytes of a pcap say.
struct PcapFileHeader {
  /// Which of a record's lengths comes first.
  enum LengthOrder: Equatable {
    /// That of the captured bytes.
    case capturedFirst
    /// That on the wire.
    case wireFirst
    /// That of the captured bytes, unless it is more.
    case lesserIsCaptured
  }

  /// Bytes of the header.
  static var byteCount: Int { 24 }

  let format: CaptureFormat
  let resolution: TimeResolution
  /// Whether the fields are in the other order than this machine's.
  let isByteSwapped: Bool
  let version: (major: Int, minor: Int)
  let lengthOrder: LengthOrder
  /// As the file has it; 0 is no limit.
  let snapshotByteCount: UInt32
  /// The word that has the link type, as the file has it.
  let linkWord: UInt32

  /// Reads a header.
  ///
  /// - Parameters:
  ///   - input: has at least so many bytes.
  ///   - path: of the file, for the error.
  /// - Throws: `.badMagic` or `.unsupportedVersion`.
  init(_ input: borrowing ByteSource, file path: String) throws(PcapError) {
    let magic = input.word(at: 0)
    let isByteSwapped = magic & 0xffff == 0xb2a1
    switch isByteSwapped ? magic.byteSwapped : magic {
    case 0xa1b2_c3d4: (format, resolution) = (.pcap, .micro)
    case 0xa1b2_3c4d: (format, resolution) = (.pcap, .nano)
    case 0xa1b2_cd34: (format, resolution) = (.modified, .micro)
    default: throw input.error(.badMagic(UInt32(bigEndian: magic)), file: path, at: 0)
    }
    let (major, minor) = (
      input.half(at: 4, isByteSwapped: isByteSwapped),
      input.half(at: 6, isByteSwapped: isByteSwapped)
    )
    switch (major, minor) {
    case (2, ..<3), (543, 0): lengthOrder = .wireFirst
    case (2, 3): lengthOrder = .lesserIsCaptured
    case (2, _): lengthOrder = .capturedFirst
    default:
      let message =
        major < 2
        ? "archaic pcap savefile format" : "unsupported pcap savefile version \(major).\(minor)"
      throw input.error(.unsupportedVersion(message: message), file: path, at: 0)
    }
    version = (major, minor)
    self.isByteSwapped = isByteSwapped
    snapshotByteCount = input.word(at: 16, isByteSwapped: isByteSwapped)
    linkWord = input.word(at: 20, isByteSwapped: isByteSwapped)
  }

  /// How the frames begin.
  var linkType: LinkType { LinkType(inFile: linkWord & 0x03ff_ffff) }

  /// Bytes of the frame check sequence behind each frame; nil if the file does not say.
  var fcsByteCount: Int? { linkWord & 0x0400_0000 == 0 ? nil : Int(linkWord >> 28) * 2 }

  /// Bytes before the frame in a record.
  var recordHeaderByteCount: Int { format == .modified ? 24 : 16 }
}
