// SPDX-License-Identifier: BSD-2-Clause
//
// Several sockets, each on a thread of its own, that together receive what one would:
//
//     frame --hash of its flow--> socket 0 | socket 1 | ... | socket n - 1
//
//     frames that arrived == sum over the sockets of their packets, drops and errors
//     all frames of a flow, in both directions, come to one socket, while no socket joins or ends
//
// The hash is the kernel's, of addresses and ports where there are some; frames that have none come to
// one socket. Rolling over trades the second equation for fewer drops: a frame for which its socket has no
// slot goes to one that has.

#if os(Linux)
  extension PacketSocket {
    /// A group of sockets that share the frames of one interface.
    ///
    /// Linux: packet(7), `PACKET_FANOUT`.
    public struct FanOut: Equatable, Sendable {
      /// The group's number, by which every program of this network knows it: take one that nobody else
      /// has on the interface.
      public let group: UInt16
      /// Whether a frame goes to another socket where there is no slot for it; its flow is then on two.
      public let rollsOver: Bool

      /// Names a group, which there is from its first socket to the end of its last; all of them say the
      /// same here, and open for the same direction.
      public init(group: UInt16, rollsOver: Bool = false) {
        self.group = group
        self.rollsOver = rollsOver
      }
    }
  }
#endif
