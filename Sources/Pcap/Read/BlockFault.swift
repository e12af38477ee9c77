// SPDX-License-Identifier: BSD-2-Clause

/// Why the next bytes of a pcapng are no block; numbers alone, put into words where somebody reads them.
enum BlockFault: Equatable {
  /// The file ends inside it.
  case cut(wanted: Int, available: Int)
  /// The system refuses more.
  case unreadable(errno: Int32)
  /// What comes cannot be expanded.
  case unexpanded(StreamFault)
  /// A section without a byte-order magic.
  case noMagic
  /// A section of another version.
  case version(_ major: Int)
  /// A length that no block of its type has.
  case length(Int, least: Int)
  /// Two lengths that differ.
  case otherLength(Int, Int)
  /// Fewer bytes than the fields of its type have.
  case short(type: UInt32)
  /// More bytes between two frames than a copy can keep.
  case tooManyBlocks
  /// One interface too many.
  case interfaces(limit: Int)

  /// The error, in libpcap's words where it has some.
  var kind: PcapError.Kind {
    switch self {
    case .cut(let wanted, let available): .truncated(wanted: wanted, available: available)
    case .unreadable(let reason): .unreadable(errno: reason)
    case .unexpanded(let fault): fault.kind
    case .noMagic: .corrupt(message: "a section has no byte-order magic")
    case .version(let major):
      .unsupportedVersion(message: "unknown pcapng savefile major version number \(major)")
    case .length(let length, let least): .corrupt(message: Self.words(length, least))
    case .otherLength(let first, let last):
      .corrupt(
        message: "block total length in header and trailer don't match: \(first), \(last)")
    case .short(let type):
      .corrupt(message: "block of type \(type) in pcapng dump file is too short")
    case .tooManyBlocks: .tooManyBlocks(byteLimit: BlockJournal.byteLimit)
    case .interfaces(let limit):
      .corrupt(message: "more than \(limit) interfaces in a section")
    }
  }

  private static func words(_ length: Int, _ least: Int) -> String {
    let limit = BlockWalk.blockByteLimit
    if length < least { return "block in pcapng dump file has a length of \(length) < \(least)" }
    if length > limit { return "pcapng block size \(length) > maximum \(limit)" }
    return "block in pcapng dump file has a length of \(length) that is not a multiple of 4"
  }
}
