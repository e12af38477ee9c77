// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
import UMA

/// Gives packets, batch by batch.
///
///     var packets = PacketQueue()
///     while true {
///       switch try source.receive(upTo: 32, into: &packets, from: pool) {
///       case .more: break
///       case .idle: _ = source.wait(milliseconds: 250)
///       case .ended(let error): return error
///       }
///       while let packet = packets.dequeue() { … }
///     }
///
/// What states and errors promise stands in LinkEnd.swift.
public protocol PacketSource: LinkEnd, ~Copyable {
  /// Puts the packets that are there behind those of a queue; never waits for more.
  ///
  /// A source whose medium cannot be asked without waiting, such as a file, may wait for the first.
  ///
  /// - Parameters:
  ///   - packetLimit: the most packets wanted, at least 1.
  ///   - queue: gets them. Each has the link type of its first byte in its header.
  ///   - pool: where new packets come from; a source that has packets does not need it.
  /// - Returns: whether more may come, and when.
  /// - Throws: `InterfaceError`; packets given before stay in the queue, and the next call may work.
  mutating func receive(
    upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
  ) throws(InterfaceError) -> SourceState

  /// Waits until packets may be there; by default, where nobody says when they come, sleeps for a
  /// millisecond at most. A source with a descriptor waits for that.
  ///
  /// - Parameter milliseconds: the longest wait; 0 only looks.
  /// - Returns: whether packets may be there; false also when a signal came.
  mutating func wait(milliseconds: Int32) -> Bool

  /// Lets nothing more in: what has come can be received still, and then the source has ended.
  ///
  /// - Returns: false, as by default, if the source cannot tell what has come from what is to come.
  mutating func stopArrivals() -> Bool

  /// Packets that came and were dropped, by reason; by default all for want of memory.
  var inputDropsByReason: [(reason: String, count: Int)] { get }
}

extension PacketSource where Self: ~Copyable {
  /// Sleeps for a millisecond at most, since nobody says when packets come.
  public mutating func wait(milliseconds: Int32) -> Bool {
    if milliseconds != 0 { ThreadParker().wait(until: .now + .milliseconds(1)) }
    return true
  }

  /// It cannot.
  public mutating func stopArrivals() -> Bool { false }

  /// All for want of memory.
  public var inputDropsByReason: [(reason: String, count: Int)] {
    let count = statistics.input.drops
    return count == 0 ? [] : [("pool_exhausted", count)]
  }
}

/// Whether a source has more to give.
public enum SourceState: Equatable, Sendable {
  /// There may be more at once.
  case more
  /// There is nothing more for now.
  case idle
  /// Nothing will come any more.
  ///
  /// Nil at a clean end, else why the input ended: it is cut, corrupt or not supported.
  case ended(InterfaceError?)
}
