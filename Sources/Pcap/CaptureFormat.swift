// SPDX-License-Identifier: BSD-2-Clause

/// How a capture file is laid out.
public enum CaptureFormat: String, Sendable, CaseIterable {
  /// The classic format: a file header, then records.
  case pcap
  /// The classic format with eight more bytes before each frame, as some Linux tools wrote it.
  case modified
  /// Blocks, with interfaces described inside the file.
  case pcapng

  /// What a file of this name is to be: a pcapng if the name ends so, else a pcap.
  package init(ofFileNamed name: String) {
    self = name.lowercased().hasSuffix(".pcapng") ? .pcapng : .pcap
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
