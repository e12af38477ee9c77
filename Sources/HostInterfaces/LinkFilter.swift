// SPDX-License-Identifier: BSD-2-Clause
//
// What a link asks of each packet before it leaves, in two steps. The first is three comparisons,
// which nearly every packet passes; the second is for the others:
//
//     passes(packet)      the link's own type, not too long, no checksum to fill in
//     prepare(&packet)    makes a packet pass, or says that the link does not take it
//     refusal(of:)        says why, for the error
//
//     prepare(&packet)  =>  passes(packet)

import Interfaces
import Mbufs
import Wire

/// Tells the packets that may leave by a link from those that may not, or not yet.
struct LinkFilter {
  private let traits: LinkTraits
  private let linkType: UInt32
  private let byteLimit: Int
  private let segmentLimit: Int

  /// A filter for a link with a type of its own, whose packets have at most so many segments.
  init(_ traits: LinkTraits, segmentLimit: Int = .max) {
    let type = traits.linkType ?? .raw
    self.traits = traits
    self.segmentLimit = segmentLimit
    linkType = type.rawValue
    byteLimit = traits.packetByteLimit(type)
  }

  /// Whether a packet may leave as it is; segments are not counted.
  @inline(__always)
  func passes(_ packet: borrowing Packet) -> Bool {
    packet.linkType == linkType && packet.checksumState != .partial
      && (packet.byteCount <= byteLimit || isLongerByTag(packet))
  }

  @inline(never)
  private func isLongerByTag(_ packet: borrowing Packet) -> Bool {
    packet.isTagged(within: byteLimit)
  }

  /// Completes the checksum of a packet that the link takes; false if the link does not take it, or
  /// cannot yet.
  @inline(never)
  func prepare(_ packet: inout Packet) -> Bool {
    guard refusal(of: packet, at: "") == nil, (try? packet.completeChecksum()) != nil else {
      return false
    }
    // What is still partial cannot be filled in, in a fragment for instance, and leaves as it is.
    if packet.checksumState == .partial { packet.checksumState = .unknown }
    // Types of raw IP differ in name alone.
    packet.linkType = linkType
    return true
  }

  /// Has packets from the front of a queue pass, at most so many.
  ///
  /// - Returns: whether the first passes now.
  func prepare(_ packets: inout PacketQueue, upTo limit: Int) -> Bool {
    var ready = PacketQueue()
    while ready.packetCount < limit, var packet = packets.dequeue() {
      guard prepare(&packet) else {
        packets.putBack(packet)
        break
      }
      ready.enqueue(packet)
    }
    let isReady = !ready.isEmpty
    packets.putBack(&ready)
    return isReady
  }

  /// Why the first packet of a queue does not leave.
  @inline(never)
  func refusal(ofFirst packets: borrowing PacketQueue, at name: String) -> InterfaceError {
    var error: InterfaceError?
    packets.forEach { packet in
      error = refusal(of: packet, at: name)
      return false
    }
    return error
      ?? InterfaceError(
        .failed, "cannot send on \(name) yet", why: "no mbuf is free to fill in a checksum")
  }

  private func refusal(of packet: borrowing Packet, at name: String) -> InterfaceError? {
    do throws(InterfaceError) {
      try traits.check(packet, at: name)
    } catch {
      return error
    }
    if packet.segmentCount <= segmentLimit { return nil }
    return InterfaceError(
      .unfit, "\(name) does not take the packet",
      why: "it has more than \(segmentLimit) segments")
  }
}
