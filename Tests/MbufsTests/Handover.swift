// SPDX-License-Identifier: BSD-2-Clause
import UMA

@testable import Mbufs
@testable import UMA

/// A packet on its way to another thread.
final class Handover: @unchecked Sendable {
  private var packet: Packet?

  init(_ packet: consuming Packet) { self.packet = consume packet }

  func take() -> Packet? { packet.take() }

  func drop() { packet = nil }
}

/// A queue between threads.
final class SharedQueue: Sendable {
  private let queue = Guarded(PacketQueue())

  func put(_ packet: consuming Packet) {
    var packet: Packet? = packet
    queue.withLock { queue in
      if let packet = packet.take() { queue.enqueue(packet) }
    }
  }

  func take() -> Packet? { queue.withLock { queue in queue.dequeue() } }
}
