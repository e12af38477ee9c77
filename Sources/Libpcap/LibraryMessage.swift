// SPDX-License-Identifier: BSD-2-Clause
//
// libpcap says what went wrong only in words. They are told apart here, once.

import Pcap

/// What libpcap said.
struct LibraryMessage {
  let text: String

  init(_ text: String) { self.text = text }

  /// The numbers in the message, in order.
  var numbers: [Int] {
    text.split { !("0"..."9" ~= $0) }.compactMap { Int($0) }
  }

  /// The kind of error this is when the file was just being opened.
  var openKind: PcapError.Kind {
    if let (wanted, available) = truncation {
      return .truncatedHeader(wanted: wanted, available: available)
    }
    if let unsupportedKind { return unsupportedKind }
    let isSystem = text.hasPrefix("error reading") || text.contains("memory")
    return isSystem ? .library(message: text) : .corrupt(message: text)
  }

  /// What is lawful but not read by libpcap.
  var unsupportedKind: PcapError.Kind? {
    if text.contains("different from the type") { return .mixedLinkTypes(message: text) }
    if text.contains("different from the snapshot") {
      return .mixedSnapshotLengths(message: text)
    }
    if text.contains("different byte orders") { return .mixedByteOrders(message: text) }
    if text.contains("no Interface Description Blocks")
      || text.contains("before any Interface Description Blocks")
    {
      return .noInterface
    }
    if text.contains("version") || text.contains("archaic") {
      return .unsupportedVersion(message: text)
    }
    return nil
  }

  /// Bytes wanted and there, if the file ended inside something.
  var truncation: (wanted: Int, available: Int)? {
    let numbers = numbers
    guard text.hasPrefix("truncated"), numbers.count >= 2 else { return nil }
    return (numbers[0], numbers[1])
  }

  /// Whether it was a record's header that ended early.
  var isInHeader: Bool { text.contains("header bytes") }

  /// Whether the length in the header of a record or block was wrong, before the rest was read.
  func isOfLength(_ format: CaptureFormat) -> Bool {
    if format != .pcapng { return text.hasPrefix("invalid packet capture length") }
    return text.hasPrefix("pcapng block size")
      || text.hasPrefix("block in pcapng dump file has a length")
  }
}
