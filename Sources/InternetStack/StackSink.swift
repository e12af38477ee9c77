// SPDX-License-Identifier: BSD-2-Clause
package import Interfaces
package import Mbufs
import SocketBuffers
package import Wire

/// Gives every packet to an IP stack of its own, at the time in its header, and reads what it delivers.
///
/// The stack takes any address for its own and has one socket for all ports, since a
/// capture does not say what hosts and services there were.
package struct StackSink: PacketSink, ~Copyable {
  private var stack: InternetStack
  private let socket: SocketID
  private var byteCount = 0

  /// A stack that has seen nothing.
  package init() {
    var policy = InternetStack.Policy()
    policy.acceptsAnyDestination = true
    policy.acceptsPartialChecksums = true
    policy.isSilent = true
    stack = InternetStack(addresses: [], policy: policy, seed: 1)
    guard let socket = try? stack.bindCatchAll(limit: 1 << 20) else {
      preconditionFailure("a new stack has a free socket")
    }
    self.socket = socket
  }

  /// Packets delivered to the socket, and those dropped.
  package var statistics: InterfaceStatistics {
    var statistics = InterfaceStatistics()
    let seen = stack.statistics
    statistics.output.packets = Int(seen.delivered + seen.handled + seen.joined + seen.held)
    statistics.output.bytes = byteCount
    statistics.output.drops = Int(stack.statistics.dropped.total)
    return statistics
  }

  /// Packets dropped, under the stack's reasons.
  package var dropsByReason: [(reason: String, count: Int)] {
    DropReason.allCases.compactMap { reason in
      let count = stack.statistics.dropped[reason]
      return count == 0 ? nil : (reason.name, Int(count))
    }
  }

  /// Gives all packets to the stack, each at the time in its header.
  package mutating func transmit(_ packets: inout PacketQueue, due: Int64) {
    while let packet = packets.dequeue() {
      let frame = packet.decoded()
      take(packet, frame)
    }
  }

  /// Gives up the fragments whose datagrams did not become whole.
  package mutating func finish() throws(InterfaceError) { stack.poll(now: .max / 2) }

  /// Gives a packet to the stack, with what `Packet.decoded()` said of it.
  package mutating func take(_ packet: consuming Packet, _ frame: DecodedFrame) {
    stack.nowInNanoseconds = packet.timestampInNanoseconds
    let packetByteCount = packet.byteCount
    guard stack.input(packet, frame) == nil else { return }
    byteCount &+= packetByteCount
    // It is in the one socket there is, and nothing else.
    _ = stack.receive(socket)
  }
}
