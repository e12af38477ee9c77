// SPDX-License-Identifier: BSD-2-Clause
//
// Compressed captures are told by their first bytes when they are read, and made by the ending of their
// names:
//
//     1f 8b            gzip, RFC 1952                .gz     out.pcapng.gz is a pcapng
//     28 b5 2f fd      zstd, RFC 8878                .zst
//     5x 2a 4d 18      a skippable frame, of zstd where a file begins with it
//     04 22 4d 18      lz4 frames                    .lz4

internal import CCompression

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the bytes of a capture file are compressed, all of them as one stream.
public enum CaptureCompression: String, Sendable, CaseIterable {
  /// Not at all.
  case uncompressed = "none"
  /// RFC 1952: any number of members.
  case gzip
  /// RFC 8878: any number of frames.
  case zstd
  /// The lz4 frame format: any number of frames.
  case lz4

  /// What a file of this name is to be: compressed if it ends in `.gz`, `.zst` or `.lz4`.
  public init(ofFileNamed name: String) {
    let name = name.lowercased()
    self = Self.allCases.first { $0.ending.map(name.hasSuffix) == true } ?? .uncompressed
  }

  /// How names of such files end.
  var ending: String? {
    switch self {
    case .uncompressed: nil
    case .gzip: ".gz"
    case .zstd: ".zst"
    case .lz4: ".lz4"
    }
  }

  /// A file's name without the ending that says that it is compressed.
  static func bareName(_ name: String) -> Substring {
    name.dropLast(CaptureCompression(ofFileNamed: name).ending?.count ?? 0)
  }

  /// The compression whose mark the first bytes are; nil if it is none of these.
  ///
  /// - Parameters:
  ///   - mark: the first four, first byte highest; zero where there are fewer.
  init?(mark: UInt32) {
    switch mark {
    case 0x28b5_2ffd: self = .zstd
    case 0x0422_4d18: self = .lz4
    case _ where mark >> 16 == 0x1f8b: self = .gzip
    case _ where mark & 0xf0ff_ffff == 0x502a_4d18: self = .zstd
    default: return nil
    }
  }

  /// What RFC 1952 and the others call one of the pieces that may stand behind each other.
  var pieceName: String { self == .gzip ? "member" : "frame" }

  /// The library that is loaded for it.
  var libraryName: String { inC.map { unsafe String(cString: mbuma_library_name($0)) } ?? "" }

  /// Debian's package with the library.
  var debianPackage: String {
    switch self {
    case .uncompressed: ""
    case .gzip: "zlib1g"
    case .zstd: "libzstd1"
    case .lz4: "liblz4-1"
    }
  }

  /// The same for C; nil of what is not compressed.
  var inC: mbuma_compression? {
    switch self {
    case .uncompressed: nil
    case .gzip: mbuma_gzip
    case .zstd: mbuma_zstd
    case .lz4: mbuma_lz4
    }
  }
}

/// Why a compressed stream goes no further; no more than numbers.
struct StreamFault: Error, Equatable {
  /// What is wrong.
  enum Reason {
    /// It ends inside a frame.
    case cut
    /// It cannot be expanded.
    case corrupt
    /// A checksum is not that of what was expanded.
    case checksum
    /// What stands behind the last frame is none.
    case garbage
    /// A frame wants too large a window.
    case window
    /// There is no memory.
    case memory
    /// The library cannot be loaded.
    case library
  }

  let compression: CaptureCompression
  let reason: Reason
  /// Compressed bytes that were gone through.
  let byteCount: Int

  /// The fault that a state is which is neither going nor done.
  init(_ state: mbuma_stream_state, _ compression: CaptureCompression, byteCount: Int = 0) {
    switch state {
    case mbuma_stream_wrong_checksum: reason = .checksum
    case mbuma_stream_garbage: reason = .garbage
    case mbuma_stream_window: reason = .window
    case mbuma_stream_no_memory: reason = .memory
    case mbuma_stream_no_library: reason = .library
    default: reason = .corrupt
    }
    (self.compression, self.byteCount) = (compression, byteCount)
  }

  /// A stream that is cut.
  init(cut compression: CaptureCompression, byteCount: Int) {
    (self.compression, reason, self.byteCount) = (compression, .cut, byteCount)
  }

  /// The error.
  var kind: PcapError.Kind {
    let place = "near byte \(byteCount) of the compressed data"
    return switch reason {
    case .cut: .compressionCut(compression, byteCount: byteCount)
    case .corrupt: .compressionCorrupt(compression, message: "it cannot be expanded \(place)")
    case .checksum:
      .compressionCorrupt(compression, message: "a checksum or a length is wrong \(place)")
    case .garbage:
      .compressionCorrupt(
        compression, message: "what begins \(place) is no \(compression.pieceName)")
    case .window: .compressionWindow(compression)
    case .memory: .unreadable(errno: ENOMEM)
    case .library: .noLibrary(compression)
    }
  }
}
