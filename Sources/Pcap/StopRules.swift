// SPDX-License-Identifier: BSD-2-Clause

/// When a recording ends by itself: as soon as one of these is so, as dumpcap's `-a` has them.
public struct StopRules: Equatable, Sendable {
  /// So many packets were written, in all files.
  public var packetCount: Int?
  /// The file in hand has so many bytes, or a few more: a record is never cut.
  public var fileByteCount: Int?
  /// So many files are full; means something with a `CaptureRotation` alone.
  public var fileCount: Int?
  /// So much time has passed, in nanoseconds.
  public var nanoseconds: Int64?

  /// No rule: a recording ends when it is told to.
  public init() {}

  /// One of the rules.
  public enum Rule: String, Sendable, CaseIterable {
    /// Enough packets.
    case packets
    /// A file that is long enough.
    case filesize
    /// Enough files.
    case files
    /// Enough time.
    case duration
  }

  /// The first rule, of those that count, by which a recording that has come so far is over.
  ///
  /// - Parameters:
  ///   - progress: how far it has come.
  ///   - isFull: whether the file in hand is to be followed by another.
  /// - Returns: nil if it goes on.
  public func reached(by progress: RecordingProgress, isFull: Bool = false) -> Rule? {
    if progress.packetCount >= packetCount ?? .max { return .packets }
    if progress.fileByteCount >= fileByteCount ?? .max { return .filesize }
    if isFull, progress.fileNumber >= fileCount ?? .max { return .files }
    return nil
  }

  /// Whether the time of the recording is over.
  public func isOver(_ progress: RecordingProgress) -> Bool {
    progress.nanoseconds >= nanoseconds ?? .max
  }
}

/// How far a recording has come: all its files together, and the one in hand.
public struct RecordingProgress: Equatable, Sendable {
  /// Packets written.
  public var packetCount = 0
  /// Nanoseconds since it began.
  public var nanoseconds: Int64 = 0
  /// The number of the file in hand, from 1.
  public var fileNumber = 1
  /// Packets written to that file.
  public var filePacketCount = 0
  /// Bytes of that file, headers included.
  public var fileByteCount = 0
  /// Nanoseconds since that file was begun.
  public var fileNanoseconds: Int64 = 0

  /// Nothing yet.
  public init() {}
}
