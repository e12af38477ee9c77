// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import Pcap
import SocketBuffers
import Wire

/// Gives every packet to an IP stack of its own, on capture time, and reads what it delivers.
///
/// The stack takes any address for its own and has one socket for all ports, since nobody in a
/// capture says what hosts and services there were.
struct StackSink: PacketSink, ~Copyable {
  private var stack: InternetStack
  private let socket: SocketID

  init() {
    var policy = InternetStack.Policy()
    policy.acceptsAnyDestination = true
    policy.acceptsPartialChecksums = true
    stack = InternetStack(addresses: [], policy: policy, seed: 1)
    guard let socket = try? stack.bindCatchAll(limit: 1 << 20) else {
      preconditionFailure("a new stack has a free socket")
    }
    self.socket = socket
  }

  mutating func take(_ packet: consuming Packet, _ frame: DecodedFrame) {
    stack.nowInNanoseconds = packet.timestampInNanoseconds
    stack.input(packet, frame)
    while stack.receive(socket) != nil {}
  }

  var drops: [(reason: String, count: Int)] {
    DropReason.allCases.compactMap { reason in
      let count = stack.statistics.dropped[reason]
      return count == 0 ? nil : (reason.name, Int(count))
    }
  }
}
