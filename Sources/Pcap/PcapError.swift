// SPDX-License-Identifier: BSD-2-Clause

/// Why a capture file could not be opened, read to its end or written.
///
/// It says three things, each in one line: `what` failed and where, `why`, and what to `do`.
public struct PcapError: Error, Equatable, Sendable {
  /// What was wrong.
  public enum Kind: Equatable, Sendable {
    /// No file has that name.
    case notFound
    /// The system does not let it be read.
    case unreadable(errno: Int32)
    /// The system does not let it be written.
    case unwritable(errno: Int32)
    /// It is the output as well, which has the name given here, "-" for standard output.
    case isOutput(String)
    /// The file has no bytes.
    case empty
    /// The first four bytes, first byte highest, are those of no capture format.
    case badMagic(UInt32)
    /// The file is compressed in a way that is not read here.
    case compressed(Compression)
    /// What the file expands to is compressed again.
    case compressedTwice(CaptureCompression, holding: Compression)
    /// The compressed stream ends inside a frame, behind so many bytes.
    case compressionCut(CaptureCompression, byteCount: Int)
    /// The compressed stream cannot be expanded, or not to what it was made from.
    case compressionCorrupt(CaptureCompression, message: String)
    /// A compressed frame wants a window of more than 128 MiB.
    case compressionWindow(CaptureCompression)
    /// The library for the compression cannot be loaded.
    case noLibrary(CaptureCompression)
    /// The format is known, but not in this version.
    case unsupportedVersion(message: String)
    /// The file ends inside its header.
    case truncatedHeader(wanted: Int, available: Int)
    /// Interfaces of different link types in one pcapng file.
    case mixedLinkTypes(message: String)
    /// Interfaces of different snapshot lengths in one pcapng file.
    case mixedSnapshotLengths(message: String)
    /// Sections of different byte orders in one pcapng file.
    case mixedByteOrders(message: String)
    /// A pcapng file that describes no interface.
    case noInterface
    /// The file ends inside a record.
    case truncated(wanted: Int, available: Int)
    /// A record or block that cannot be one, in libpcap's words.
    case corrupt(message: String)
    /// A filter expression that does not compile for the link type, in libpcap's words.
    case badFilter(expression: String, message: String)
    /// The link type has no number in files.
    case unsupportedLinkType(UInt32)
    /// A time that the file's resolution cannot hold.
    case timeNotExact(nanoseconds: Int64)
    /// A time that 32 bits of seconds cannot hold.
    case timeOutOfRange(nanoseconds: Int64)
    /// A time that a pcapng has no place for.
    case timeBefore1970(nanoseconds: Int64)
    /// What the input has, named here, and a pcap has no place for.
    case notKept(String)
    /// More bytes of blocks between two frames than are kept.
    case tooManyBlocks(byteLimit: Int)
    /// A frame longer than the file's header promises.
    case frameTooLong(byteCount: Int, limit: Int)
    /// Anything else, in libpcap's words.
    case library(message: String)
  }

  /// The compressions known by their first bytes.
  public enum Compression: String, Sendable, CaseIterable {
    /// RFC 1952.
    case gzip
    /// RFC 8878.
    case zstd
    /// The lz4 frame format.
    case lz4
    /// The xz container.
    case xz
    /// Julian Seward's.
    case bzip2
    /// A zip archive.
    case zip

    /// The command that undoes it and writes to standard output.
    var command: String {
      switch self {
      case .gzip: "gunzip -c"
      case .zstd: "zstd -dc"
      case .lz4: "lz4 -dc"
      case .xz: "xz -dc"
      case .bzip2: "bunzip2 -c"
      case .zip: "unzip -p"
      }
    }
  }

  /// What was wrong.
  public let kind: Kind
  /// The file, "-" for standard input or output.
  public let file: String
  /// The record that failed, counted from 1; nil if it was not a record.
  public let packet: Int?
  /// Where in the file, or in what it expands to, that record begins, or where reading stopped if its
  /// beginning is not known.
  ///
  /// Nil for pipes.
  public let byteOffset: Int?
  /// Whether the file is compressed, so that places are those in what it expands to.
  public let isExpanded: Bool

  package init(
    _ kind: Kind, file: String, packet: Int? = nil, byteOffset: Int? = nil, isExpanded: Bool = false
  ) {
    self.isExpanded = isExpanded
    self.kind = kind
    self.file = file
    self.packet = packet
    self.byteOffset = byteOffset
  }
}
