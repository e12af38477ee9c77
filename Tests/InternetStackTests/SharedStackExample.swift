// SPDX-License-Identifier: BSD-2-Clause
//
// The code of the article "Sharing a stack", as it stands there.

import InternetStack
import Mbufs
import SocketBuffers
import Synchronization
import Wire

// example: host
/// A stack and the link that it is on; whoever has it owns both.
struct Host: ~Copyable, Sendable {
  var stack: InternetStack
  let link: Cable.End

  /// Takes in what came, and sends what is to be sent as far as the link takes it.
  ///
  /// - Returns: whether the link takes more.
  mutating func turn() -> Bool {
    while let packet = link.receive() { stack.input(packet, linkType: .ipv4) }
    repeat {
      stack.sendQueued()
      while link.hasRoom, let packet = stack.transmit() { link.transmit(packet) }
    } while link.hasRoom && stack.sendQueue.count > 0
    return link.hasRoom
  }

  /// Serves the stack until its send queue has ended and all of it is sent.
  mutating func run() {
    var isSending = true
    while stack.sendQueue.waitUntilReady(isSending: isSending) { isSending = turn() }
    _ = turn()
  }
}
// end

// example: thread
/// A host on a thread of its own, which is the owner for as long as it holds the lock.
final class HostThread: Sendable {
  private let host: Mutex<Host?>
  private let sendQueue: SendQueue

  init(_ host: consuming Host) {
    sendQueue = host.stack.sendQueue
    self.host = Mutex(host)
  }

  /// Runs on the thread until somebody ends it; whoever waits for a socket is told then.
  func run() {
    host.withLock { host in
      host?.run()
      host = nil
    }
  }

  func end() { sendQueue.end() }
}
// end

// example: actor
/// A host in an actor: others call it between two turns.
actor HostActor {
  private var host: Host
  private let pool: MbufPool

  init(_ host: consuming Host, _ pool: MbufPool) {
    self.host = host
    self.pool = pool
  }

  func bind(port: UInt16) throws(BindError) -> DatagramSocket {
    let socket = try host.stack.bind(port: port)
    return host.stack.share(socket, pool: pool)
  }

  func run() async {
    let sendQueue = host.stack.sendQueue
    var isSending = true
    while !Task.isCancelled, await sendQueue.becomesReady(isSending: isSending) {
      isSending = host.turn()
    }
    _ = host.turn()
  }

  func end() { host.stack.sendQueue.end() }
}
// end

/// Two ends of a cable with room for a few packets; who puts one on it wakes the other end.
final class Cable: Sendable {
  private struct Lane: ~Copyable {
    var packets = PacketQueue()
    var receiver: SendQueue?
    var sender: SendQueue?
  }

  private let lanes: [Lane2]
  let limit: Int

  /// A direction.
  private final class Lane2: Sendable {
    let state = Mutex(Lane())
  }

  struct End: Sendable {
    let cable: Cable
    let index: Int

    var hasRoom: Bool {
      cable.lanes[index].state.withLock { $0.packets.packetCount < cable.limit }
    }

    func transmit(_ packet: consuming Packet) {
      var packet: Packet? = packet
      let receiver = cable.lanes[index].state.withLock { lane in
        if let packet = packet.take() { lane.packets.enqueue(packet) }
        return lane.receiver
      }
      receiver?.wake()
    }

    func receive() -> Packet? {
      var packet: Packet?
      let sender = cable.lanes[1 - index].state.withLock { lane in
        let wasFull = lane.packets.packetCount == cable.limit
        packet = lane.packets.dequeue()
        return wasFull ? lane.sender : nil
      }
      sender?.wake()
      return packet
    }

    /// Has a stack's owner woken when packets come, and when there is room again.
    func wakes(_ queue: SendQueue) {
      cable.lanes[index].state.withLock { $0.sender = queue }
      cable.lanes[1 - index].state.withLock { $0.receiver = queue }
    }
  }

  init(limit: Int) {
    self.limit = limit
    lanes = [Lane2(), Lane2()]
  }

  var left: End { End(cable: self, index: 0) }
  var right: End { End(cable: self, index: 1) }
}
