// SPDX-License-Identifier: BSD-2-Clause
//
// Two interfaces back to back, as two hosts on one cable:
//
//     left.transmit  --> [ rightward lane ] --> right.receive
//     left.receive  <--  [ leftward lane  ] <-- right.transmit
//
// Each lane is a queue with a limit. Both stand behind one lock, taken once for a batch and never
// held while anything else is called. So the ends may be on one thread, where the order of calls
// decides everything, or on two: give each thread one end. A receiver is not woken: it asks again.

public import Mbufs
import Synchronization

/// Two interfaces back to back: what one end sends the other receives.
///
///     let pair = InterfacePair(LinkTraits(linkType: .ethernet, mtu: 1_500))
///     var (server, client) = (pair.left, pair.right)
///
/// BSD: epair(4).
public struct InterfacePair: Sendable {
  /// One end.
  public let left: End
  /// The other end.
  public let right: End

  /// A cable with nothing on it.
  ///
  /// - Parameters:
  ///   - traits: what may pass.
  ///   - limitInPackets: the most packets on the way in one direction, at least 1.
  public init(_ traits: LinkTraits = LinkTraits(), limitInPackets: Int = 1_024) {
    let cable = Cable(traits, limitInPackets)
    left = End(cable: cable, isLeft: true)
    right = End(cable: cable, isLeft: false)
  }

  /// Traps if a packet is missing.
  package func checkInvariants() {
    left.cable.lanes.withLock { lanes in
      lanes.leftward.checkInvariants()
      lanes.rightward.checkInvariants()
    }
  }

  /// One end of the pair; a copy of it is the same end.
  public struct End: PacketSource, PacketSink, Sendable {
    fileprivate let cable: Cable
    fileprivate let isLeft: Bool

    /// What may pass.
    public var traits: LinkTraits { cable.traits }

    /// What this end received and sent.
    public var statistics: InterfaceStatistics {
      cable.lanes.withLock { lanes in
        var statistics = InterfaceStatistics()
        let (rightward, leftward) = (lanes.rightward.statistics, lanes.leftward.statistics)
        statistics.output = (isLeft ? rightward : leftward).output
        statistics.input = (isLeft ? leftward : rightward).input
        return statistics
      }
    }

    /// Packets that wait to be received at this end.
    package var waitingPacketCount: Int {
      cable.lanes.withLock { isLeft ? $0.leftward.packetCount : $0.rightward.packetCount }
    }

    /// Takes packets while the lane to the other end has room.
    ///
    /// - Throws: `InterfaceError` of kind `.wrongLinkType`, `.tooLong` or `.closed`.
    public func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      try cable.lanes.withLock { lanes throws(InterfaceError) in
        if isLeft {
          try lanes.rightward.put(&packets, cable.traits, "the left end")
        } else {
          try lanes.leftward.put(&packets, cable.traits, "the right end")
        }
      }
    }

    /// Gives what the other end sent; the end follows the last one once that has finished.
    public func receive(
      upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
    ) -> SourceState {
      cable.lanes.withLock { lanes in
        isLeft
          ? lanes.leftward.take(upTo: packetLimit, into: &queue)
          : lanes.rightward.take(upTo: packetLimit, into: &queue)
      }
    }

    /// Ends the output of this end; what is on its way still arrives.
    public func finish() {
      cable.lanes.withLock { isLeft ? $0.rightward.close() : $0.leftward.close() }
    }
  }
}

/// What the two ends share.
private final class Cable: Sendable {
  struct Lanes: ~Copyable {
    var leftward: Lane
    var rightward: Lane
  }

  let traits: LinkTraits
  let lanes: Mutex<Lanes>

  init(_ traits: LinkTraits, _ limitInPackets: Int) {
    self.traits = traits
    lanes = Mutex(
      Lanes(
        leftward: Lane(limitInPackets: limitInPackets),
        rightward: Lane(limitInPackets: limitInPackets)))
  }
}
