// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Pcap

/// A condition of `-a` or `-b`, spelled as dumpcap spells it: a key, a colon and a number.
///
///     duration:60   duration:0.5   filesize:1000   files:5   packets:10k
///
/// Durations are in seconds unless another unit is given, sizes in units of 1,000 bytes.
enum CaptureRule: ExpressibleByArgument, Equatable {
  case duration(nanoseconds: Int64)
  case filesize(byteCount: Int)
  case files(Int)
  case packets(Int)

  /// Nil if the key is none of these, or what follows is no number above 0.
  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let value = String(parts[1])
    if parts[0] == "duration" {
      let isPlain = value.allSatisfy { "0"..."9" ~= $0 || $0 == "." }
      guard let span = TimeSpan(argument: isPlain ? value + "s" : value), span.nanoseconds > 0
      else { return nil }
      self = .duration(nanoseconds: span.nanoseconds)
      return
    }
    guard let number = Quantity(argument: value)?.value, number > 0 else { return nil }
    switch parts[0] {
    case "filesize":
      let (byteCount, isTooMuch) = number.multipliedReportingOverflow(by: 1_000)
      guard !isTooMuch else { return nil }
      self = .filesize(byteCount: byteCount)
    case "files": self = .files(number)
    case "packets": self = .packets(number)
    default: return nil
    }
  }
}

extension StopRules {
  /// The rules of a command line; of several of a kind the last counts, as in dumpcap.
  init(_ rules: [CaptureRule], packetLimit: Int?) {
    self.init()
    for rule in rules {
      switch rule {
      case .duration(let nanoseconds): self.nanoseconds = nanoseconds
      case .filesize(let byteCount): fileByteCount = byteCount
      case .files(let count): fileCount = count
      case .packets(let count): packetCount = count
      }
    }
    if let packetLimit { packetCount = Swift.min(packetCount ?? .max, packetLimit) }
  }
}

extension CaptureRotation {
  /// The rules of a command line; nil if there are none.
  init?(_ rules: [CaptureRule]) {
    if rules.isEmpty { return nil }
    self.init()
    for rule in rules {
      switch rule {
      case .duration(let nanoseconds): self.nanoseconds = nanoseconds
      case .filesize(let byteCount): fileByteCount = byteCount
      case .files(let count): keptFileCount = count
      case .packets(let count): packetCount = count
      }
    }
  }
}
