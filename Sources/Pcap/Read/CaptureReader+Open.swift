// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension CaptureReader {
  /// Opens a capture file.
  ///
  /// Of a pcapng, what comes before its first frame is read, up to the first interface at least, which
  /// a pipe is waited for.
  ///
  /// - Parameters:
  ///   - path: the file, or "-" for standard input; a byte `b` that is not UTF-8 is U+10FF00 + `b`.
  ///   - selection: which frames are given; nil for all.
  /// - Throws: `PcapError`, whose kind says whether the system, the file or the filter is at fault.
  public init(path: String, selecting selection: (any FrameSelection)? = nil) throws(PcapError) {
    try self.init(path: path, selecting: selection, noting: nil)
  }

  /// The same, for a copy that keeps what a pcapng has beside its frames.
  ///
  /// - Parameters:
  ///   - path: as above.
  ///   - selection: as above.
  ///   - journal: where to note that; packets carry their entry's number.
  ///   - isMapped: whether a regular pcap is mapped where only packets are asked for. The process then
  ///     has a handler for SIGBUS, since the file may be cut meanwhile.
  package init(
    path: String, selecting selection: (any FrameSelection)?, noting journal: BlockJournal?,
    mapping isMapped: Bool = false
  ) throws(PcapError) {
    var input = try ByteSource(path: path)
    let header: PcapFileHeader?
    var section = PcapngSection(noting: journal)
    do throws(PcapError) {
      header = try Self.readHeader(&input, path)
      if let header {
        section = PcapngSection(header)
      } else {
        try section.open(&input, file: path)
      }
    } catch {
      // Most that is no capture is whole, and large.
      throw input.blamed(error, within: 67_108_864)
    }
    let isByteSwapped = header?.isByteSwapped ?? section.walk.isByteSwapped
    let filter = try Self.filter(
      selection, for: section, isByteSwapped: isByteSwapped, path)
    // What stands before the first frame is there before the copy is begun.
    section.publish()
    self.init(input, header, section, filter, path: path)
    if isMapped, hasPlainRecords { self.input.map() }
  }

  /// Reads the header of a pcap; nil for a pcapng, of which nothing is read.
  private static func readHeader(
    _ input: inout ByteSource, _ path: String
  ) throws(PcapError) -> PcapFileHeader? {
    let prelude = try CapturePrelude(&input, file: path)
    if prelude.format == .pcapng { return nil }
    let header = try PcapFileHeader(input, file: path)
    input.lend(PcapFileHeader.byteCount)
    input.goOn()
    return header
  }

  /// The filter of a selection, which means something for the first link type, or for that of another
  /// interface that is described already.
  private static func filter(
    _ selection: (any FrameSelection)?, for section: borrowing PcapngSection, isByteSwapped: Bool,
    _ path: String
  ) throws(PcapError) -> (any FrameFilter & ~Copyable)? {
    guard let selection else { return nil }
    var filter = selection.filter(for: path)
    let first = section.first?.linkType ?? .ethernet
    do throws(PcapError) {
      try filter.prepare(for: first, isByteSwapped: isByteSwapped)
    } catch {
      var others = section.interfaces[...]
      while let other = others.popFirst() {
        if other.linkType != first,
          (try? filter.prepare(for: other.linkType, isByteSwapped: isByteSwapped)) != nil
        {
          return filter
        }
      }
      throw error
    }
    return filter
  }
}

extension CaptureInterface {
  /// The snapshot length as libpcap corrects it: what the link type may have, for none.
  var shownSnapshotByteCount: Int {
    1...Int(Int32.max) ~= snapshotByteCount ? snapshotByteCount : linkType.frameByteLimit
  }
}
