// SPDX-License-Identifier: BSD-2-Clause
//
// A recording in several files, named and switched as dumpcap does it:
//
//     net.pcap  ->  net_00001_20261129120000.pcap, net_00002_20261129120100.pcap, ...
//     net.pcap.gz  ->  net_00001_20261129120000.pcap.gz, ...
//
//     begun = kept + removed,  kept <= keptFileCount      the oldest is removed before another is begun
//
// A file that is full by its packets or bytes is followed by another when there is a packet for it; one
// whose time is over is at once, so that there is a file for each stretch of time, if an empty one.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// When a recording goes on in another file, and how many of the last ones are kept: dumpcap's `-b`.
public struct CaptureRotation: Equatable, Sendable {
  /// The file in hand has so many packets.
  public var packetCount: Int?
  /// The file in hand has so many bytes, or a few more: a record is never cut.
  ///
  /// They are counted before they are compressed.
  public var fileByteCount: Int?
  /// The file in hand was begun so many nanoseconds ago.
  public var nanoseconds: Int64?
  /// The most files that are there at a time; nil for all, else the oldest goes.
  public var keptFileCount: Int?

  /// No rule.
  public init() {}

  /// Whether anything says when a file is to be followed by another.
  public var hasRule: Bool { packetCount != nil || fileByteCount != nil || nanoseconds != nil }

  /// Whether the file in hand takes no more packets.
  public func isFull(_ progress: RecordingProgress) -> Bool {
    progress.filePacketCount >= packetCount ?? .max
      || progress.fileByteCount >= fileByteCount ?? .max
  }

  /// Whether the time of the file in hand is over.
  public func isOver(_ progress: RecordingProgress) -> Bool {
    progress.fileNanoseconds >= nanoseconds ?? .max
  }

  /// The name of one of the files.
  ///
  /// Number and time go in front of the ending of the last part of the path, and of that before one that
  /// says that the file is compressed; where it has none, they stand at the end.
  ///
  /// - Parameters:
  ///   - path: the name that the recording was given.
  ///   - number: of the file, from 1; five digits at least.
  ///   - time: the file's beginning as fourteen digits: `CaptureRotation.localTime()`.
  public static func name(_ path: String, number: Int, time: String) -> String {
    let digits = String(number)
    let middle = "_" + String(repeating: "0", count: Swift.max(0, 5 - digits.count)) + digits
    let bare = CaptureCompression.bareName(path)
    let start = bare.lastIndex(of: "/") ?? bare.startIndex
    let dot = bare[start...].lastIndex(of: ".") ?? bare.endIndex
    return "\(path[..<dot])\(middle)_\(time)\(path[dot...])"
  }

  /// A second of this host's local time as fourteen digits: year, month, day, hour, minute, second.
  ///
  /// - Parameter secondsSince1970: the second; now, if left out.
  public static func localTime(_ secondsSince1970: Int? = nil) -> String {
    var second = time_t(0)
    if let secondsSince1970 { second = time_t(secondsSince1970) } else { unsafe time(&second) }
    var parts = unsafe tm()
    unsafe localtime_r(&second, &parts)
    let numbers = unsafe [
      (parts.tm_year + 1_900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2), (parts.tm_hour, 2),
      (parts.tm_min, 2), (parts.tm_sec, 2),
    ]
    return numbers.map { number, width in
      let digits = String(number)
      return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }.joined()
  }
}
