// SPDX-License-Identifier: BSD-2-Clause
//
//     link --input(_:linkType:on:)--> stack --> [ output queue ] --transmit(on:)--> link
//
// An interface of a stack is what the stack knows of a link: how its packets begin, how long they may be,
// which addresses the stack has there. It moves nothing itself; what does is a `PacketSource` and a
// `PacketSink` of `Interfaces`, or whoever calls `input` and `transmit`.

public import Interfaces
public import Wire

/// Names an interface of one stack.
public struct InterfaceID: Hashable, Sendable, BitwiseCopyable {
  let index: UInt16

  init(_ index: Int) { self.index = UInt16(index) }

  /// The one that was added first, which a stack made with addresses alone has.
  public static var first: InterfaceID { InterfaceID(0) }
}

/// What a stack knows of a link it is on.
///
/// BSD: `struct ifnet`.
public struct StackInterface: Sendable {
  /// What reports call it.
  public var name: String
  /// What packets to be transmitted begin with: `.ethernet`, or raw IP under any of its numbers.
  ///
  /// Packets that come in say for themselves what they begin with.
  public var linkType: LinkType
  /// The longest IP datagram in bytes that may be sent in one piece, 68...65,535.
  public var mtu: Int
  /// The link address, for `.ethernet`.
  ///
  /// With it the stack answers ARP and neighbour discovery, and takes only frames that are for it, for
  /// all, or for a group.
  public var hardwareAddress: MACAddress?
  /// What the link does itself: one that completes checksums is left them to do.
  public var capabilities: LinkCapabilities
  /// The addresses that the stack has there.
  public var addresses: [InterfaceAddress]

  /// Describes a link that carries IP datagrams and nothing else: a tunnel, a raw socket.
  public init(
    name: String = "ip0", mtu: Int = 1_500, addresses: [InterfaceAddress],
    capabilities: LinkCapabilities = []
  ) {
    self.name = name
    linkType = .raw
    self.mtu = mtu
    hardwareAddress = nil
    self.capabilities = capabilities
    self.addresses = addresses
  }

  /// Describes an Ethernet link.
  public init(
    name: String = "eth0", hardwareAddress: MACAddress, mtu: Int = 1_500,
    addresses: [InterfaceAddress], capabilities: LinkCapabilities = []
  ) {
    self.name = name
    linkType = .ethernet
    self.mtu = mtu
    self.hardwareAddress = hardwareAddress
    self.capabilities = capabilities
    self.addresses = addresses
  }
}
