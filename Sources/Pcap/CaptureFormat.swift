// SPDX-License-Identifier: BSD-2-Clause

/// How a capture file is laid out.
public enum CaptureFormat: String, Sendable, CaseIterable {
  /// The classic format: a file header, then records.
  case pcap
  /// The classic format with eight more bytes before each frame, as some Linux tools wrote it.
  case modified
  /// Blocks, with interfaces described inside the file.
  case pcapng

  /// What the end of a file's name says, or what stands in front of that of a compressed file; nil if it
  /// says nothing.
  package init?(ofFileNamed name: String) {
    let name = CaptureCompression.bareName(name).lowercased()
    if name.hasSuffix(".pcapng") || name.hasSuffix(".ntar") {
      self = .pcapng
    } else if name.hasSuffix(".pcap") || name.hasSuffix(".cap") || name.hasSuffix(".dmp") {
      self = .pcap
    } else {
      return nil
    }
  }
}

/// The fraction of a second that a capture file counts.
///
/// Inside, every time is in nanoseconds, whatever the file has.
public enum TimeResolution: String, Sendable, CaseIterable {
  /// Millionths, or coarser.
  case micro
  /// Thousand-millionths, or finer.
  case nano
}
