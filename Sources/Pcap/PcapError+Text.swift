// SPDX-License-Identifier: BSD-2-Clause
internal import Interfaces

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension PcapError: CustomStringConvertible {
  /// What failed, with the file and, where known, the packet and the byte offset.
  package var what: String {
    var place = name
    if let packet { place += ", packet \(packet)" }
    if let byteOffset {
      place += ", byte \(byteOffset)" + (isExpanded ? " of the expanded capture" : "")
    }
    return "\(place): \(summary)"
  }

  private var name: String {
    if file != "-" { return file.printable }
    if case .unwritable = kind { return "standard output" }
    return "standard input"
  }

  private var summary: String {
    switch kind {
    case .notFound: "cannot open the file"
    case .unreadable: "cannot read the file"
    case .unwritable: "cannot write the file"
    case .isOutput: "input and output are one file"
    case .empty: isExpanded ? "the compressed file holds nothing" : "the file is empty"
    case .badMagic: "this is not a capture file"
    case .compressed(let compression): "this is \(compression)"
    case .compressedTwice(let outer, let inner): "this is \(inner) inside \(outer)"
    case .compressionCut(let compression, _): "the \(compression) stream ends early"
    case .compressionCorrupt(let compression, _): "the \(compression) data is corrupt"
    case .compressionWindow: "a frame wants too large a window"
    case .noLibrary(let compression): "\(compression) needs a library that is not here"
    case .unsupportedVersion: "the format's version is not supported"
    case .truncatedHeader: "the file ends inside its header"
    case .mixedLinkTypes: "the interfaces have different link types"
    case .mixedSnapshotLengths: "the interfaces have different snapshot lengths"
    case .mixedByteOrders: "the sections have different byte orders"
    case .noInterface: "no interface is described"
    case .truncated: "the file is cut short"
    case .corrupt: "the file is corrupt"
    case .badFilter(let expression, _): "cannot compile the filter \"\(expression.printable)\""
    case .unsupportedLinkType(let type): "link type \(type) cannot be written"
    case .timeNotExact: "the time does not fit microseconds"
    case .timeOutOfRange, .timeBefore1970: "the time does not fit a capture file"
    case .notKept: "a pcap cannot hold all of the input"
    case .tooManyBlocks: "too many blocks to copy"
    case .frameTooLong: "the frame is longer than the file's snapshot length"
    case .library: "libpcap refused"
    }
  }

  /// Why it failed.
  package var why: String {
    switch kind {
    case .notFound: "no such file"
    case .unreadable(let number), .unwritable(let number): systemMessage(number)
    case .isOutput(let output):
      "writing to \(output == "-" ? "standard output" : output.printable) would overwrite what is to be read"
    case .empty: "\(isExpanded ? "it expands to" : "it has") 0 bytes; the shortest capture has 24"
    case .badMagic(let magic): "it begins with \(hex(magic)), the mark of no known format"
    case .compressed(let compression): "\(compression) data is not read here"
    case .compressedTwice: "one compression is undone, and no more"
    case .compressionCut(let compression, let byteCount):
      "its \(byteCount) bytes end inside a \(compression.pieceName)"
    case .compressionWindow: "expanding it takes more than 128 MiB of memory"
    case .noLibrary(let compression): "\(compression.libraryName) cannot be loaded"
    case .truncatedHeader(let wanted, let available):
      "\(wanted) bytes of header wanted, \(available) there"
    case .truncated(let wanted, let available): "\(wanted) bytes wanted, \(available) there"
    case .noInterface: "a pcapng file needs an interface description before its packets"
    case .unsupportedVersion(let message), .mixedLinkTypes(let message),
      .mixedSnapshotLengths(let message), .mixedByteOrders(let message), .corrupt(let message),
      .compressionCorrupt(_, let message),
      .badFilter(_, let message), .library(let message):
      message
    case .unsupportedLinkType: "files have no number for it"
    case .timeNotExact(let time): "\(time) ns is no whole number of microseconds"
    case .timeOutOfRange(let time): "\(time) ns since 1970 does not fit 32 bits of seconds"
    case .timeBefore1970(let time): "\(time) ns since 1970 is before it, where a pcapng begins"
    case .notKept(let what): "it has no place for \(what)"
    case .tooManyBlocks(let limit): "more than \(limit) bytes of them stand between two packets"
    case .frameTooLong(let byteCount, let limit): "\(byteCount) bytes, the limit is \(limit)"
    }
  }

  /// What to do about it.
  package var `do`: String {
    switch kind {
    case .notFound: "check the path"
    case .unreadable(let number) where number == EMFILE: "allow more open files: ulimit -n 4096"
    case .unreadable: "check that it is a file and that you may read it"
    case .unwritable: "check the space left and that you may write there"
    case .isOutput: "choose another output"
    case .empty: "make the capture again"
    case .badMagic: "give a pcap or pcapng file"
    case .compressed(let compression), .compressedTwice(_, let compression):
      "run \(compression.command) first and read its output"
    case .compressionWindow: "run zstd -dc --long=31 first and read its output"
    case .noLibrary(let compression): "install it: Debian's package is \(compression.debianPackage)"
    case .unsupportedVersion: "convert it to pcap 2.4 with editcap -F pcap"
    case .truncatedHeader: "copy or capture the file again"
    case .mixedLinkTypes: "keep the packets of one link type in the file"
    case .mixedSnapshotLengths: "rewrite it with one snapshot length with editcap -F pcap"
    case .mixedByteOrders: "split it into its sections"
    case .noInterface: "capture the file again"
    case .truncated, .corrupt, .compressionCut, .compressionCorrupt:
      "use the packets before it, or copy or capture the file again"
    case .badFilter(let expression, _):
      // A name that is no file is taken for the beginning of a filter.
      "see pcap-filter(7) for the syntax"
        + (expression.contains { $0 == "." || $0 == "/" } ? ", or is a file missing?" : "")
    case .unsupportedLinkType: "choose a link type that files have a number for"
    case .timeNotExact: "write nanoseconds, or allow times to be rounded down"
    case .timeOutOfRange: "shift the times into the years 1902 to 2105"
    case .timeBefore1970: "write a pcap, or shift the times"
    case .notKept: "write a pcapng, NAME.pcapng, or leave it out: --lossy"
    case .tooManyBlocks: "copy the packets alone: --lossy"
    case .frameTooLong: "cut the frame to that, or make the file with a larger snapshot length"
    case .library: "see libpcap's message"
    }
  }

  /// The three parts in one line.
  public var description: String { "\(what): \(why); \(self.do)" }

  private func hex(_ magic: UInt32) -> String {
    (0..<4).map { index in
      let byte = magic >> (24 - 8 * UInt32(index)) & 0xff
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: " ")
  }
}
