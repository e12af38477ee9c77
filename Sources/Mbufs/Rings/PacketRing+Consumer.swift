// SPDX-License-Identifier: BSD-2-Clause
//
//     consumed <= produced <= the producer's index
//
// `consumed` is exact, since nobody else changes it; `produced` is what was last seen. Packets up to
// there were written before that index was, and read after it.

extension PacketRing {
  /// Whether a ring has more to give.
  @frozen
  public enum Supply: Sendable {
    /// Packets were given; there may be more at once.
    case more
    /// There is nothing for now.
    case none
    /// There is nothing, and nothing will come.
    case ended
  }

  /// The half of a ring that takes packets out; it closes the ring when it ends.
  public struct Consumer: ~Copyable, Sendable {
    private let core: RingCore
    private let parkers: RingParkers
    private var consumed = 0
    private var produced = 0

    init(_ core: RingCore, _ parkers: RingParkers) {
      self.core = core
      self.parkers = parkers
    }

    deinit { core.leave(.consumer, parkers) }

    /// The most packets in the ring.
    public var capacity: Int { core.capacity }

    /// Packets in the ring now; the other thread may be putting more in.
    public var packetCount: Int { core.packetCount }

    /// Takes packets out, in order, and puts them behind those of a queue.
    ///
    /// - Parameters:
    ///   - packetLimit: the most packets wanted, at least 1. There may be fewer now and more at once.
    ///   - packets: gets them.
    /// - Complexity: O(packets taken); the other half sees their room at once, together.
    ///
    /// BSD: `buf_ring_dequeue_sc`.
    public mutating func dequeue(
      upTo packetLimit: Int, into packets: inout PacketQueue
    ) -> Supply {
      precondition(packetLimit > 0, "\(packetLimit) packets wanted")
      if produced == consumed, let supply = look() { return supply }
      // Cannot wrap: 0 <= produced - consumed <= capacity.
      let count = Swift.min(packetLimit, produced &- consumed)
      for index in consumed..<consumed &+ count { packets.enqueue(Packet(core.take(at: index))) }
      consumed &+= count
      core.publish(consumed, of: .consumer, parkers)
      return .more
    }

    /// Looks how far the producer has come; what there is to say if it has put nothing in.
    private mutating func look() -> Supply? {
      produced = core.progress(of: .producer)
      if produced != consumed { return nil }
      guard core.isClosed else { return Supply.none }
      // What was put in before the end is seen by who has seen the end.
      produced = core.progress(of: .producer)
      return produced == consumed ? .ended : nil
    }

    /// Blocks the thread until there are packets, or the ring is closed.
    ///
    /// - Parameters:
    ///   - packetCount: how many there are to be, 1 to the capacity.
    ///   - deadline: when to give up; nil for never.
    /// - Returns: false if the deadline has passed.
    public mutating func waitForPackets(
      _ packetCount: Int = 1, until deadline: ContinuousClock.Instant? = nil
    ) -> Bool {
      precondition(
        packetCount > 0 && packetCount <= core.capacity,
        "\(packetCount) packets of a ring of \(core.capacity)")
      return core.wait(.consumer, for: consumed &+ packetCount, parkers, until: deadline)
    }

    /// Lets nothing more in; what is in the ring can be taken out still.
    ///
    /// What the producer is putting in at that moment may stay in the ring and be freed with it.
    public mutating func close() { core.close(by: .consumer, parkers) }
  }
}
