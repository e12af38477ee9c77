// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

/// An open socket, or a free slot for one.
///
/// BSD: `struct inpcb`.
struct Socket: ~Copyable, Sendable {
  /// Which datagrams a socket gets.
  enum Role: Equatable {
    /// Those for its address and port.
    case port
    /// Those for ports that no other socket has.
    case catchAll
    /// A copy of those of a protocol; nil for every one.
    case raw(IPProtocol?)
  }

  var generation: UInt32 = 0
  /// The next free slot, while this is one.
  var nextFree = SocketTable.none
  var role = Role.port
  /// Address and port; empty for a socket that is not found by them.
  var key = PortTable.Key.empty
  /// Who else may speak with it, if it is connected; then it is found by both ends.
  var peer: Endpoint?
  /// The end that its peer sees, while it is connected.
  var peerKey = PeerKey.empty
  var options = SocketOptions()
  /// What an ICMP error said since somebody asked.
  var fault: NetworkFault?
  var buffer = DatagramBuffer(limit: 0)
  /// Who receives instead of the buffer, if the socket is shared.
  private(set) var shared: DatagramSocket?

  // A shared socket does not outlive the stack's: whoever waits for it is told.
  deinit { shared?.detach() }

  var isOpen: Bool { generation & 1 == 1 }

  func wants(_ protocol: IPProtocol) -> Bool {
    switch role {
    case .raw(let wanted): wanted == nil || wanted == `protocol`
    case .port, .catchAll: false
    }
  }

  /// Gives it a datagram; nil if it took it.
  @inline(__always)
  mutating func deliver(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint
  ) -> DropReason? {
    guard shared == nil else { return deliverShared(packet, from: source, to: destination) }
    return switch buffer.append(packet, from: source, to: destination) {
    case .appended: nil
    case .full: .fullSocketBuffer
    case .noMemory: .noMemory
    }
  }

  @inline(never)
  private func deliverShared(
    _ packet: consuming Packet, from source: Endpoint, to destination: Endpoint
  ) -> DropReason? {
    switch shared?.deliver(packet, from: source, to: destination) {
    case .delivered: nil
    case .full: .fullSocketBuffer
    case .noMemory: .noMemory
    case .closed, nil: .noSocket
    }
  }

  /// Lets another receive from now on, beginning with what waits.
  mutating func share(_ socket: DatagramSocket) {
    while let datagram = buffer.receive() {
      socket.deliver(datagram.packet, from: datagram.source, to: datagram.destination)
    }
    shared = socket
  }

  /// Frees what waits, forgets what was set, and lets a shared socket go.
  mutating func clear() {
    options = SocketOptions()
    fault = nil
    peer = nil
    peerKey = .empty
    buffer = DatagramBuffer(limit: 0)
    shared?.detach()
    shared = nil
  }

  /// Traps if there is something in the buffer that nobody would receive.
  borrowing func checkInvariants() {
    buffer.checkInvariants()
    precondition(shared == nil || buffer.isEmpty, "a shared socket has datagrams of its own")
    shared?.checkInvariants()
  }
}
