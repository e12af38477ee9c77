// SPDX-License-Identifier: BSD-2-Clause
//
// A sink on a link, with an ear at the link's far end:
//
//     transmit --> wrapped --> link --> far end --> ledger
//         `------- copies of what was accepted ------^
//
// The far end is listened to when `patience` frames wait to be heard, when the source is idle, and at
// the end until all are heard or none came for a second. Its ring holds more than wait.

import Interfaces
import Mbufs

#if os(Linux)
  import Synchronization

  /// Where a verified link leaves what it found.
  final class VerificationBox: Sendable {
    let found = Mutex<LinkVerification?>(nil)
  }

  /// Sends onto a link, and holds what arrives at its far end against it.
  ///
  /// It copies each frame, on the heap, and is for proving rather than for speed.
  struct VerifiedLink<Wrapped: PacketSink & ~Copyable>: PacketSink, ~Copyable {
    private var wrapped: Wrapped
    private var farEnd: PacketSocket
    private var ledger = FrameLedger()
    private var failure: InterfaceError?
    private let pool = MbufPool(clusterLimit: 4_096)
    private let box: VerificationBox

    /// Frames that wait to be heard before the far end is listened to.
    private static var patience: Int { 1_024 }

    /// Puts an ear at an interface.
    ///
    /// - Throws: `InterfaceError` as `PacketSocket` does.
    init(
      _ wrapped: consuming Wrapped, heardOn name: String, into box: VerificationBox
    ) throws(InterfaceError) {
      farEnd = try PacketSocket(name, slotCount: 8_192, isPromiscuous: true)
      self.wrapped = wrapped
      self.box = box
    }

    var traits: LinkTraits { wrapped.traits }
    var statistics: InterfaceStatistics { wrapped.statistics }
    var descriptor: Int32? { wrapped.descriptor }
    var formatName: String? { wrapped.formatName }
    var queuedPacketCount: Int { wrapped.queuedPacketCount }
    var dropsByReason: [(reason: String, count: Int)] { wrapped.dropsByReason }

    mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      var copies: [[UInt8]] = []
      var complete = PacketQueue()
      while var packet = packets.dequeue() {
        // As it will be on the link; where memory is denied for that, the wrapped says so.
        _ = try? packet.completeChecksum()
        copies.append([UInt8](copying: packet))
        complete.enqueue(packet)
      }
      swap(&complete, &packets)
      defer {
        for bytes in copies.dropLast(packets.packetCount) { ledger.send(bytes) }
        if ledger.waitingCount >= Self.patience { listen() }
      }
      try wrapped.transmit(&packets, due: due)
    }

    mutating func push() throws(InterfaceError) {
      try wrapped.push()
      listen()
    }

    mutating func finish() throws(InterfaceError) {
      defer { settle() }
      try wrapped.finish()
    }

    /// Hears what has arrived.
    ///
    /// - Returns: whether anything had.
    @discardableResult
    private mutating func listen() -> Bool {
      guard failure == nil else { return false }
      var hasHeard = false
      var packets = PacketQueue()
      while true {
        do throws(InterfaceError) {
          guard case .more = try farEnd.receive(upTo: 64, into: &packets, from: pool) else {
            return hasHeard
          }
        } catch {
          failure = error
          return hasHeard
        }
        hasHeard = true
        while let packet = packets.dequeue() { ledger.hear([UInt8](copying: packet)) }
      }
    }

    /// Waits for what is on its way, and leaves what was found.
    private mutating func settle() {
      listen()
      while ledger.waitingCount > 0, farEnd.wait(milliseconds: 1_000), listen() {}
      _ = farEnd.stopArrivals()
      listen()
      let ledger = ledger
      let found = ledger.finish(unheardCount: farEnd.statistics.input.drops, error: failure)
      box.found.withLock { $0 = found }
    }
  }
#endif
