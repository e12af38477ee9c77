// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension InterfaceError {
  /// What a capture file's error is to those who move packets.
  public init(_ error: PcapError) {
    self.init(
      error.kind.onLink, error.what, why: error.why, advice: error.do, packet: error.packet,
      byteOffset: error.byteOffset)
  }
}

extension PcapError.Kind {
  fileprivate var onLink: InterfaceError.Kind {
    switch self {
    case .notFound: .system(call: "open", errno: ENOENT)
    case .unreadable(let number): .system(call: "read", errno: number)
    case .unwritable(let number): .system(call: "write", errno: number)
    case .empty, .truncatedHeader, .truncated, .compressionCut: .cut
    case .corrupt, .compressionCorrupt: .corrupt
    case .badMagic, .compressed, .compressedTwice, .compressionWindow, .unsupportedVersion,
      .mixedLinkTypes, .mixedSnapshotLengths, .mixedByteOrders, .noInterface:
      .unsupported
    case .isOutput, .badFilter: .misuse
    case .timeNotExact, .timeOutOfRange, .timeBefore1970, .notKept: .unfit
    case .frameTooLong(let byteCount, let limit): .tooLong(byteCount: byteCount, limit: limit)
    case .unsupportedLinkType, .library, .noLibrary, .tooManyBlocks: .failed
    }
  }
}

extension TimeResolution {
  /// What times are multiples of, in nanoseconds.
  package var unitInNanoseconds: Int64 { self == .micro ? 1_000 : 1 }
}
