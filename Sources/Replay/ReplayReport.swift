// SPDX-License-Identifier: BSD-2-Clause
//
// What a replay did. The numbers are separate because they can differ:
//
//     read + added == sent + denied + refused + failed + dropped by the policy for long packets,
//                     over all loops
//     sent  == accepted by the sink, which may drop some of them: a stack does
//     drops == the sink's, denied, refused and failed
//     outstanding == 0, or mbufs have leaked and the run has failed

public import Interfaces
public import Mbufs
public import Wire

/// The outcome of a replay.
public struct ReplayReport: Sendable {
  /// One input, over all loops.
  public struct Input: Sendable {
    /// Its name: a path as given.
    public var name: String
    /// How it is laid out; nil if it could not be opened, or there is no name for it.
    public var format: String?
    /// How its frames begin; nil if it could not be opened, or they differ.
    public var linkType: LinkType?
    /// Packets read from it.
    public var packets = 0
    /// Captured bytes of them.
    public var bytes = 0
    /// How it ended, the last time; nil if it was given up before the end.
    ///
    /// A limit, a signal or an output that failed may come first.
    public var end: SourceState?
    /// Why it could not be opened.
    public var openError: InterfaceError?

    init(name: String) { self.name = name }

    /// What was wrong with it, if anything.
    public var error: InterfaceError? {
      if openError == nil, case .ended(let error) = end { return error }
      return openError
    }
  }

  /// The inputs in order.
  public var inputs: [Input] = []
  /// Packets that the sink took, and did not lose by failing.
  public var packetsSent = 0
  /// Captured bytes of them.
  public var bytesSent = 0
  /// Times the inputs were gone through, the last perhaps not to the end.
  public var loops = 0
  /// Nanoseconds from the first read to the last packet taken.
  public var durationInNanoseconds: Int64 = 0
  /// What the frames were.
  public var tally = FrameTally()
  /// Packets dropped before they could be sent, for want of memory or room; they are among the drops.
  ///
  /// By a source, whose pool had no mbufs or whose ring in the kernel no room; and those that could not
  /// be rewritten for want of mbufs.
  public var denied = 0
  /// Packets that the output did not take or lost, since it failed; they are among the drops.
  public var refused = 0
  /// Packets that the output took and the system then did not, each for a reason of its own, such as
  /// that there is no route, or would not in a dry run; they are among the drops.
  public var failed = 0
  /// Packets that left as the system counts them, whoever sent them; nil where nobody counts.
  public var confirmed: Int?
  /// What the far end of the link heard; nil where nobody listened.
  public var farEnd: LinkVerification?
  /// Nanoseconds from the first packet to the last by the schedule; nil where packets had no times.
  public var scheduledNanoseconds: Int64?
  /// Packets whose time stamp was before that of the packet in front of them, and left with it.
  public var backwardCount = 0
  /// Gaps between packets that were cut to the longest allowed.
  public var shortenedCount = 0
  /// Whether nothing was sent, but only found out what would be.
  public var isDryRun = false
  /// How long after their due times packets left, where they had any.
  public var lateness = Lateness()
  /// What rewriting came to, packet by packet; nil if that was not asked for.
  ///
  /// Packets in memory are rewritten once, and again where addresses differ from loop to loop.
  public var rewriting: RewriteCounts?
  /// Packets longer than the MTU, by what became of them; nil if no policy was asked for.
  ///
  /// Packets in memory are made to fit once, when they are loaded. They count as read as they are then,
  /// and none of them as added.
  public var longPackets: LongPacketCounts?
  /// Packets that went no further, by reason.
  public var drops: [(reason: String, count: Int)] = []
  /// The pool's zones after the run.
  public var pool: MbufStatistics
  /// Mbufs that were not freed by the end of the run; anything but 0 is a failure.
  public var outstanding = 0
  /// How the output compares; nil if that was not asked for or cannot be done.
  public var verification: PacketComparison?
  /// Why the output could not be written or read again.
  public var outputError: InterfaceError?
  /// Whether a signal ended the run early.
  public var wasInterrupted = false

  /// Packets read, over all inputs and loops.
  public var packetsRead: Int { inputs.reduce(0) { $0 + $1.packets } }

  /// Captured bytes read.
  public var bytesRead: Int { inputs.reduce(0) { $0 + $1.bytes } }

  /// Packets that were to be sent: those read and those made of them, without those dropped before.
  var packetsToSend: Int {
    packetsRead + (longPackets?.added ?? 0) - (longPackets?.dropped ?? 0) - denied
  }

  /// Packets sent, as a plan's limit counts them: those made of one are one.
  var limitedCount: Int { packetsSent - (longPackets?.added ?? 0) }

  /// Whether the system counted at least as many packets as were sent, or nobody counts.
  package var isConfirmed: Bool { confirmed ?? packetsSent >= packetsSent }

  /// Packets that went no further.
  package var packetsDropped: Int { drops.reduce(0) { $0 + $1.count } }

  /// Whether an input or the output failed.
  package var hasFailed: Bool { outputError != nil || inputs.contains { $0.error != nil } }

  /// Packets sent per second.
  public var packetsPerSecond: Double { perSecond(packetsSent) }

  /// Captured bits sent per second.
  public var bitsPerSecond: Double { perSecond(bytesSent * 8) }

  private func perSecond(_ count: Int) -> Double {
    durationInNanoseconds > 0 ? Double(count) * 1e9 / Double(durationInNanoseconds) : 0
  }
}
