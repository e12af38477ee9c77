// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces

/// What to replay, where to, and how often.
///
///     let files = CaptureFiles(["a.pcap", "b.pcap"])
///     let plan = ReplayPlan(inputs: files.inputs, destination: .stack)
public struct ReplayPlan: Sendable {
  /// Where the packets end up.
  public enum Destination: Sendable {
    /// Nowhere: each packet is decoded, counted and freed.
    case null
    /// Into the sink that this makes: a capture file, for instance.
    case output(any PacketOutput)
    /// An IP stack in this process, which delivers to a socket for every port.
    case stack
  }

  /// Where the packets come from, in order.
  public var inputs: [any PacketInput]
  /// Where the packets end up.
  public var destination: Destination
  /// How often the inputs are gone through, at least once.
  public var loopCount: Int
  /// Stop after this many packets.
  public var limit: Int?
  /// Stop after so many nanoseconds; where packets have their times, at the first that is due later.
  public var timeLimit: Int64?
  /// When packets leave; nil for as fast as it goes.
  public var pacing: Pacing?
  /// Read all packets into memory before the first leaves.
  ///
  /// A packet takes 256 bytes of the pool, and a cluster if it has more than 168.
  public var isPreloaded: Bool
  /// Read the output again and compare it with the input.
  public var verifies: Bool
  /// Stop once at least so many captured bytes are sent.
  public var byteLimit: Int?
  /// Send nothing and wait for nothing: find out what would be sent, when, and what would be refused.
  ///
  /// Every due time comes at once, and the output is not opened.
  public var isDryRun = false
  /// Go through all inputs at once, in the order of their packets' times, and not one after the other.
  public var mergesInputs = false
  /// Add to the times of each loop what it takes for them to keep rising: whole numbers of this unit, in
  /// nanoseconds; nil leaves them.
  ///
  /// A microsecond fits what counts those, a second what counts milliseconds or powers of two.
  public var loopTimeUnit: Int64?
  /// Put out each batch of packets before the next is read.
  public var isUnbuffered = false
  /// How headers are rewritten before packets are counted and sent; nil leaves them.
  public var rewrite: RewriteRules?
  /// What becomes of packets longer than the MTU; nil leaves them to the output.
  public var longPackets: LongPacketPolicy?
  /// The most bytes behind the link header; that of the output if left out.
  public var mtu: Int?

  /// When packets leave, and who waits until then.
  public struct Pacing: Sendable {
    /// When each packet is due, from the first on.
    public var schedule: Schedule
    /// The time between two loops, in nanoseconds.
    public var loopPause: Int64
    /// Waits for the due times.
    public var clock: any PacketClock

    /// Puts the parts together.
    public init(_ schedule: Schedule, loopPause: Int64 = 0, clock: any PacketClock) {
      self.schedule = schedule
      self.loopPause = loopPause
      self.clock = clock
    }
  }

  /// Plans one pass over the inputs, as fast as it goes unless told otherwise.
  public init(
    inputs: [any PacketInput], destination: Destination = .null, loopCount: Int = 1,
    limit: Int? = nil, timeLimit: Int64? = nil, pacing: Pacing? = nil, isPreloaded: Bool = false,
    verifies: Bool = false, rewrite: RewriteRules? = nil,
    longPackets: LongPacketPolicy? = nil, mtu: Int? = nil
  ) {
    precondition(loopCount >= 1, "\(loopCount) loops")
    self.inputs = inputs
    self.destination = destination
    self.loopCount = loopCount
    self.limit = limit
    self.timeLimit = timeLimit
    self.pacing = pacing
    self.isPreloaded = isPreloaded
    self.verifies = verifies
    self.rewrite = rewrite
    self.longPackets = longPackets
    self.mtu = mtu
  }

  /// Refuses an output that would destroy an input; opens nothing.
  ///
  /// - Throws: `InterfaceError` of kind `.misuse`, about the first such input.
  package func check() throws(InterfaceError) {
    if case .output(let output) = destination { try output.check() }
  }
}
