// SPDX-License-Identifier: BSD-2-Clause
//
// A ring as a sink on one thread and a source on another:
//
//     source --> transmit --> RingLink.Sink --> [ PacketRing ] --> RingLink.Source --> receive --> sink
//
//     accepted == output.packets                  what went into the ring counts as sent
//     output.packets == input.packets + packets in the ring
//
// The sink's end is the source's. Why it ended is left beside the ring, before the ring is closed,
// and read after its end was seen.

public import Mbufs
import Synchronization

/// A link in memory from one thread to one other, without a lock.
///
///     let link = RingLink(source.traits)
///     var sink = link.sink                         // this thread reads
///     let handed = Mutex<RingLink.Source?>(link.source)      // the other thread takes it, and sends
///
/// Each end is owned by one thread at a time. The source's `wait(milliseconds:)` sleeps until packets
/// come, and the sink's `waitForRoom(until:)` until they are taken.
@frozen
public struct RingLink: ~Copyable {
  /// The end that takes packets.
  public let sink: Sink
  /// The end that gives them.
  public let source: Source

  /// A link with nothing on it.
  ///
  /// - Parameters:
  ///   - traits: what may pass.
  ///   - limitInPackets: the most packets on their way, at least 1.
  public init(_ traits: LinkTraits = LinkTraits(), limitInPackets: Int = 1_024) {
    let ring = PacketRing(capacity: limitInPackets)
    let ending = Ending()
    sink = Sink(ring.producer, traits, ending)
    source = Source(ring.consumer, traits, ending)
  }

  /// Why the sink ended.
  final class Ending: Sendable {
    let error = Mutex<InterfaceError?>(nil)
  }

  /// The end of a link that takes packets; what the source has not received when it ends is freed.
  public struct Sink: PacketSink, ~Copyable, Sendable {
    /// What may pass.
    public let traits: LinkTraits
    /// What went into the ring.
    public private(set) var statistics = InterfaceStatistics()
    private var producer: PacketRing.Producer
    private let ending: Ending

    init(_ producer: consuming PacketRing.Producer, _ traits: LinkTraits, _ ending: Ending) {
      self.producer = producer
      self.traits = traits
      self.ending = ending
    }

    /// Takes packets while the ring has room.
    ///
    /// - Throws: `InterfaceError` of kind `.wrongLinkType` or `.tooLong` about the first packet left;
    ///   `.closed` after `finish()`, or if the source has ended.
    public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      var refusal: InterfaceError?
      let fit =
        traits.linkType == nil && traits.mtu == .max
        ? packets.packetCount : countFit(packets, &refusal)
      var ready = PacketQueue()
      let byteCount = packets.moveFirst(fit, to: &ready)
      let acceptance = producer.enqueue(&ready)
      let left = (packets: ready.packetCount, bytes: ready.byteCount)
      statistics.output.count(packets: fit - left.packets, bytes: byteCount - left.bytes)
      packets.putBack(&ready)
      if acceptance == .closed {
        throw InterfaceError(.closed, "the other thread takes no more packets")
      }
      if let refusal, left.packets == 0 { throw refusal }
    }

    /// How many packets at the front may pass, and what is wrong with the next.
    private func countFit(
      _ packets: borrowing PacketQueue, _ refusal: inout InterfaceError?
    ) -> Int {
      var count = 0
      packets.forEach { packet in
        do throws(InterfaceError) {
          try traits.check(packet, at: "the other thread")
          count += 1
          return true
        } catch {
          refusal = error
          return false
        }
      }
      return count
    }

    /// Blocks the thread until the ring is half empty, or the source has ended.
    ///
    /// - Returns: false if the deadline has passed; nil never comes.
    public mutating func waitForRoom(until deadline: ContinuousClock.Instant? = nil) -> Bool {
      producer.waitForRoom(for: (producer.capacity + 1) / 2, until: deadline)
    }

    /// Ends the link; what is on its way still arrives.
    public mutating func finish() { close() }

    /// Ends the link, as `finish` does, where it is only lent.
    func close() { producer.end() }

    /// Ends the link and tells the source why; what is on its way still arrives.
    ///
    /// - Parameter error: why there is no more, where more was to come.
    public mutating func finish(with error: InterfaceError) {
      ending.error.withLock { $0 = error }
      producer.close()
    }
  }

  /// The end of a link that gives packets; once it has ended the sink takes no more.
  public struct Source: PacketSource, ~Copyable, Sendable {
    /// What may pass.
    public let traits: LinkTraits
    /// What came out of the ring.
    public private(set) var statistics = InterfaceStatistics()
    private var consumer: PacketRing.Consumer
    private let ending: Ending

    init(_ consumer: consuming PacketRing.Consumer, _ traits: LinkTraits, _ ending: Ending) {
      self.consumer = consumer
      self.traits = traits
      self.ending = ending
    }

    /// Gives what the sink took; the end follows the last packet once that has finished or ended.
    public mutating func receive(
      upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
    ) -> SourceState { receive(upTo: packetLimit, into: &queue) }

    /// Gives what the sink took; no pool is asked for anything.
    mutating func receive(upTo packetLimit: Int, into queue: inout PacketQueue) -> SourceState {
      let before = (packets: queue.packetCount, bytes: queue.byteCount)
      switch consumer.dequeue(upTo: packetLimit, into: &queue) {
      case .more:
        statistics.input.count(
          packets: queue.packetCount - before.packets, bytes: queue.byteCount - before.bytes)
        return .more
      case .none: return .idle
      case .ended: return .ended(ending.error.withLock { $0 })
      }
    }

    /// Waits until packets are there, or the sink has ended.
    ///
    /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
    /// - Returns: whether there is something.
    public mutating func wait(milliseconds: Int32) -> Bool {
      consumer.waitForPackets(
        until: milliseconds < 0 ? nil : .now + .milliseconds(Int(milliseconds)))
    }
  }
}
