// SPDX-License-Identifier: BSD-2-Clause
public import Pcap

/// An expression in the language of tcpdump, which chooses frames of captures.
///
///     let files = CaptureFiles(["a.pcap"], selecting: FilterExpression("udp port 53"))
///
/// It is compiled for each link type that frames have, when the first of them is met.
public struct FilterExpression: FrameSelection {
  /// As in pcap-filter(7).
  public let expression: String

  /// Takes any text; whether it is an expression is told when a capture is opened.
  public init(_ expression: String) { self.expression = expression }

  /// A filter that is compiled when it is prepared.
  public func filter(for file: String) -> any FrameFilter & ~Copyable {
    PacketFilter(unprepared: expression, of: file, isOfFiles: true)
  }
}

extension CaptureReader {
  /// Opens a capture file of which only the frames that match an expression are given.
  ///
  /// - Parameters:
  ///   - path: the file, or "-" for standard input; a byte `b` that is not UTF-8 is U+10FF00 + `b`.
  ///   - filter: as in pcap-filter(7); nil for all frames.
  /// - Throws: `PcapError`, whose kind says whether the system, the file or the filter is at fault.
  public init(path: String, filter: String?) throws(PcapError) {
    try self.init(path: path, selecting: filter.map { FilterExpression($0) })
  }
}

extension CaptureFiles {
  /// Names files, of which only the frames that match an expression are read; none is opened.
  ///
  /// - Parameters:
  ///   - paths: the files to read, "-" for standard input.
  ///   - filter: as in pcap-filter(7); nil for all frames.
  ///   - output: the file to write, "-" for standard output; nil for none.
  public convenience init(_ paths: [String], filter: String?, output: String? = nil) {
    self.init(paths, selecting: filter.map { FilterExpression($0) }, output: output)
  }
}
