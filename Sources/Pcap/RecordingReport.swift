// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
public import Wire

/// What a recording did.
///
///     received == written + sum of drops
public struct RecordingReport: Sendable {
  /// Why a recording ended.
  public enum End: Equatable, Sendable {
    /// It was told to.
    case stopped
    /// By a rule.
    case rule(StopRules.Rule)
    /// The source had no more.
    case sourceEnded
    /// The source or the output failed; `error` says why.
    case failed
  }

  /// How the frames begin.
  public var linkType = LinkType.ethernet
  /// Packets that came to the source, those lost before they could be looked at included.
  public var received = 0
  /// Packets that are in files, removed ones included.
  public var written = 0
  /// Captured bytes of them.
  public var bytesWritten = 0
  /// Packets of them that were cut to the snapshot length.
  public var cut = 0
  /// Packets that went no further, by reason: "filter"; "ring_full" and "pool_exhausted", of the
  /// source; "after_end", behind the last that a rule let in; "output_failed".
  public var drops: [(reason: String, count: Int)] = []
  /// Files begun.
  public var filesBegun = 0
  /// Files of them that were not removed.
  public var filesKept = 0
  /// The last file.
  public var lastFile = ""
  /// Nanoseconds from its beginning to the last packet.
  public var durationInNanoseconds: Int64 = 0
  /// Why it ended.
  public var end = End.stopped
  /// What failed; nil if nothing did.
  public var error: InterfaceError?

  /// Nothing yet.
  public init() {}

  /// Packets that went no further.
  public var dropped: Int { drops.reduce(0) { $0 + $1.count } }

  /// Packets lost for want of room in the kernel's ring, or of memory; those lost by failures of the
  /// output are not among them.
  public var missed: Int {
    drops.reduce(0) { sum, drop in
      ["filter", "after_end", "output_failed"].contains(drop.reason) ? sum : sum + drop.count
    }
  }
}
