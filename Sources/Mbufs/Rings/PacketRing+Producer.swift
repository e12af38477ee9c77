// SPDX-License-Identifier: BSD-2-Clause
//
//     consumed <= the consumer's index <= produced <= consumed + capacity
//
// `produced` is exact, since nobody else changes it; `consumed` is what was last seen. The room that
// is known is never more than there is.

extension PacketRing {
  /// What became of the packets given to a ring.
  @frozen
  public enum Acceptance: Sendable {
    /// All are in.
    case all
    /// There was no room for those left in the queue.
    case full
    /// Nothing goes in any more; packets left in the queue are the caller's.
    case closed
  }

  /// The half of a ring that puts packets in; it closes the ring when it ends.
  public struct Producer: ~Copyable, Sendable {
    private let core: RingCore
    private let parkers: RingParkers
    private var produced = 0
    private var consumed = 0

    init(_ core: RingCore, _ parkers: RingParkers) {
      self.core = core
      self.parkers = parkers
    }

    deinit { core.leave(.producer, parkers) }

    /// The most packets in the ring.
    public var capacity: Int { core.capacity }

    /// Packets in the ring now; the other thread may be taking them.
    public var packetCount: Int { core.packetCount }

    /// Puts packets from the front of a queue in, in order, as many as there is room for.
    ///
    /// - Parameter packets: those left in it are not in the ring.
    /// - Complexity: O(packets put in); the other half sees them at once, together.
    ///
    /// BSD: `buf_ring_enqueue`.
    public mutating func enqueue(_ packets: inout PacketQueue) -> Acceptance {
      if core.isClosed { return .closed }
      let wanted = packets.packetCount
      // Cannot wrap: 0 <= produced - consumed <= capacity.
      if core.capacity &- (produced &- consumed) < wanted {
        consumed = core.progress(of: .consumer)
      }
      let count = Swift.min(wanted, core.capacity &- (produced &- consumed))
      if count == 0 { return wanted == 0 ? .all : .full }
      for index in produced..<produced &+ count {
        guard let packet = packets.dequeue() else { break }
        core.put(packet.release(), at: index)
      }
      produced &+= count
      core.publish(produced, of: .producer, parkers)
      return count == wanted ? .all : .full
    }

    /// Blocks the thread until there is room, or the ring is closed.
    ///
    /// - Parameters:
    ///   - packetCount: how many packets there is to be room for, 1 to the capacity. Half of that wakes
    ///     the thread less often than 1 where the consumer is the slower.
    ///   - deadline: when to give up; nil for never.
    /// - Returns: false if the deadline has passed.
    public mutating func waitForRoom(
      for packetCount: Int = 1, until deadline: ContinuousClock.Instant? = nil
    ) -> Bool {
      precondition(
        packetCount > 0 && packetCount <= core.capacity,
        "room for \(packetCount) packets in a ring of \(core.capacity)")
      return core.wait(
        .producer, for: produced &+ packetCount &- core.capacity, parkers, until: deadline)
    }

    /// Lets nothing more in; the consumer sees the end behind the last packet.
    public mutating func close() { end() }

    /// Closes it where it is only lent.
    package func end() { core.close(by: .producer, parkers) }
  }
}
