// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs

/// Takes packets, batch by batch.
///
///     try sink.transmit(&packets)      // what is left in the queue was not accepted: try again later
///     try sink.finish()
///
/// What is accepted, counted and left stands in LinkEnd.swift.
public protocol PacketSink: LinkEnd, ~Copyable {
  /// Accepts packets from the front of a queue; never waits for room.
  ///
  /// - Parameters:
  ///   - packets: those left in it, in order, were not accepted.
  ///   - due: when they shall leave, in nanoseconds of the monotonic clock; a time that has passed,
  ///     such as 0, is at once. Few sinks keep due times; most send at
  ///     once, so a caller that must not be early waits before the call.
  /// - Throws: `InterfaceError`; packets before the one at fault are accepted.
  ///
  /// BSD: `if_start`.
  mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError)

  /// Accepts packets from the front of a queue, to leave at once, and does not free them.
  ///
  /// For packets that are sent again and again. By default sends a shared copy of each.
  ///
  /// - Parameters:
  ///   - packets: those left in it, in order, were not accepted.
  ///   - sent: gets those that were, in order, behind what it has.
  /// - Throws: `InterfaceError`; packets before the one at fault are accepted. Of kind `.failed` if
  ///   memory is denied for a copy.
  mutating func transmit(
    _ packets: inout PacketQueue, keeping sent: inout PacketQueue
  ) throws(InterfaceError)

  /// Puts out what is queued, as far as it goes without waiting; by default nothing is queued.
  ///
  /// - Throws: `InterfaceError`; what was not put out is queued still, or counted as an error.
  mutating func push() throws(InterfaceError)

  /// Puts out all that is queued, or counts it as lost, and ends the output; by default pushes.
  ///
  /// - Throws: `InterfaceError`; the output has ended all the same.
  mutating func finish() throws(InterfaceError)

  /// Packets accepted that are neither sent nor lost; 0 by default.
  var queuedPacketCount: Int { get }

  /// Packets accepted and dropped, by reason; by default all under "dropped".
  var dropsByReason: [(reason: String, count: Int)] { get }
}

extension PacketSink where Self: ~Copyable {
  /// Accepts packets from the front of a queue, to leave at once.
  ///
  /// - Throws: `InterfaceError`; packets before the one at fault are accepted.
  @inlinable
  public mutating func transmit(_ packets: inout PacketQueue) throws(InterfaceError) {
    try transmit(&packets, due: 0)
  }

  /// Sends a shared copy of each.
  public mutating func transmit(
    _ packets: inout PacketQueue, keeping sent: inout PacketQueue
  ) throws(InterfaceError) {
    while var packet = packets.dequeue() {
      var copy = PacketQueue()
      var failure: InterfaceError?
      do throws(MbufError) {
        copy.enqueue(try packet.sharedCopy())
      } catch {
        failure = InterfaceError(.failed, "cannot send yet", why: "\(error)")
      }
      if failure == nil {
        do throws(InterfaceError) { try transmit(&copy) } catch { failure = error }
      }
      if failure == nil, copy.isEmpty {
        sent.enqueue(packet)
        continue
      }
      packets.putBack(packet)
      if let failure { throw failure }
      return
    }
  }

  /// Nothing is queued.
  public mutating func push() throws(InterfaceError) {}

  /// Pushes.
  public mutating func finish() throws(InterfaceError) { try push() }

  /// Nothing is queued.
  public var queuedPacketCount: Int { 0 }

  /// All under one reason.
  public var dropsByReason: [(reason: String, count: Int)] {
    statistics.output.drops == 0 ? [] : [("dropped", statistics.output.drops)]
  }
}

/// Gives packets and takes them: the end of a link.
///
/// The two directions know nothing of each other; finishing ends the output alone.
public typealias Interface = PacketSource & PacketSink
