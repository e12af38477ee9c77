// SPDX-License-Identifier: BSD-2-Clause
//
//     input(packet, linkType)                                      transmit() -> packet
//        |                                                             ^
//     decoded         all headers, read once                        output queue
//        |                                                             |
//     link input      what is not IPv4 is dropped                      |
//        |                                                             |
//     IP input        lengths, checksum, address, fragments         IP output     id, TTL, checksum
//        |-----------> raw sockets, each a shared copy                 |
//     UDP input       length, checksum, port                        UDP output    ports, checksum
//        |                                                             ^
//     socket buffer                                                    |
//        '---> receive(socket) -> datagram         send(packet, from: socket, to: endpoint)
//
// Each step of input returns nil if the packet was taken, else the reason why not, and `input`
// alone counts; so a packet is counted once whatever happens to it:
//
//     received == delivered + dropped.total
//
// One stack is for one thread at a time and has no lock. It asks nobody for the time or for random
// numbers: both come in from outside, so the same input gives the same output.

import Interfaces
public import Mbufs
public import SocketBuffers
import UMA
public import Wire

/// UDP over IPv4 and raw IP, from packets to socket buffers and back.
///
///     var stack = InternetStack(addresses: [InterfaceAddress(IPv4Address(10, 0, 0, 1))], seed: 1)
///     let socket = try stack.bind(port: 7)
///     stack.input(packet, linkType: .raw)
///     while let datagram = stack.receive(socket) {
///       try stack.send(datagram.packet, from: socket, to: datagram.source)
///     }
///     while let packet = stack.transmit() { … }
public struct InternetStack: ~Copyable, Sendable {
  /// What the stack does where hosts differ.
  public struct Policy: Sendable {
    /// Accepts a UDP checksum that covers only the pseudo-header, as a capture made on the sending
    /// host has it where the checksum is left to the device.
    public var acceptsPartialChecksums = false
    /// Takes datagrams for any address as its own, as when a capture is played into the stack.
    ///
    /// Then the networks it is in are not those of the datagrams, so a source is refused only if no
    /// host anywhere may have it.
    public var acceptsAnyDestination = false
    /// Takes datagrams from 127.0.0.0/8 and from its own addresses.
    ///
    /// For a stack on a loopback interface, or one that shares its addresses with the host's own
    /// stack, as over a raw socket. Anywhere else such sources are forged.
    public var acceptsLocalSources = false
    /// The most sockets that may be open, of all kinds; a lower one closes none.
    ///
    /// At first as many as an address has ports. Each may hold as much as its own limit says.
    ///
    /// BSD: `kern.ipc.maxsockets`.
    public var socketLimit = 65_535
    /// Hops that a datagram that is sent may take: each router takes one off.
    public var timeToLive: UInt8 = 64
    /// The most datagrams of shared sockets that wait to be sent, at least 1; the stack takes it once,
    /// as it is made.
    public var sendQueueLimitInDatagrams = 1_024
    /// The most packets that wait to be transmitted.
    public var outputLimitInPackets = 1_024

    /// What a host does.
    public init() {}
  }

  /// The time in nanoseconds since 1970, as the owner of the stack sets it.
  ///
  /// Packets that are sent get it as their time stamp.
  public var nowInNanoseconds: Int64 = 0
  /// What the stack does where hosts differ.
  public var policy: Policy
  /// The longest IP datagram in bytes that may be sent.
  let mtu: Int
  /// What sharers of sockets have queued to be sent; its owner waits there for something to do.
  public let sendQueue: SendQueue
  /// What was seen so far.
  public internal(set) var statistics = StackStatistics()

  let addresses: LocalAddresses
  // An existential, so that the generator is no parameter of the stack's type.
  var randomness: any RandomNumberGenerator & Sendable
  var sockets = SocketTable()
  var output = PacketQueue()

  /// Makes a stack without sockets.
  ///
  /// - Parameters:
  ///   - addresses: its own; with none, only broadcasts are for it.
  ///   - mtu: the longest IP datagram in bytes that may be sent, 68...65,535.
  ///   - policy: what it does where hosts differ.
  ///   - randomness: for identifications and ports.
  public init(
    addresses: [InterfaceAddress], mtu: Int = 1_500, policy: Policy = Policy(),
    randomness: some RandomNumberGenerator & Sendable
  ) {
    precondition((68...65_535).contains(mtu), "an MTU of \(mtu) bytes")
    self.addresses = LocalAddresses(addresses)
    self.mtu = mtu
    self.policy = policy
    self.randomness = randomness
    sendQueue = SendQueue(limitInDatagrams: policy.sendQueueLimitInDatagrams)
  }

  // The sockets end with it as well, and tell whoever waits.
  deinit { sendQueue.end() }

  /// Makes a stack without sockets, whose random numbers a seed determines, the same in every run.
  public init(
    addresses: [InterfaceAddress], mtu: Int = 1_500, policy: Policy = Policy(), seed: UInt64
  ) {
    self.init(
      addresses: addresses, mtu: mtu, policy: policy, randomness: SplitMix64(seed: seed))
  }

  /// Takes a packet in and gives it to the sockets it is for, or drops and counts it.
  ///
  /// All bytes are legal input.
  ///
  /// - Parameters:
  ///   - packet: from its link header on.
  ///   - linkType: what its first byte is.
  /// - Returns: nil if a socket took it, else why not.
  /// - Complexity: O(bytes), for the checksum; allocates only for frames in pieces and raw sockets.
  ///
  /// BSD: `ether_input`, `ip_input`, `udp_input`.
  @discardableResult
  public mutating func input(
    _ packet: consuming Packet, linkType: LinkType
  ) -> DropReason? {
    let frame = packet.decoded(linkType)
    let reason = linkInput(packet, frame)
    statistics.count(reason)
    return reason
  }

  /// Takes in a packet whose headers were read already, and gives it to the sockets it is for, or drops
  /// and counts it.
  ///
  ///     let frame = packet.decoded()
  ///     if frame.destinationPort == 53 { stack.input(packet, frame) }
  ///
  /// - Parameters:
  ///   - packet: from its link header on.
  ///   - frame: what `Packet.decoded()` said of this packet, which was not changed since.
  /// - Returns: nil if a socket took it, else why not.
  /// - Precondition: the payload that `frame` tells of is inside the packet.
  @discardableResult
  public mutating func input(_ packet: consuming Packet, _ frame: DecodedFrame) -> DropReason? {
    let reason = linkInput(packet, frame)
    statistics.count(reason)
    return reason
  }

  /// Traps if a packet is missing from the counts, or a socket contradicts itself.
  public mutating func checkInvariants() {
    statistics.checkInvariants()
    sockets.checkInvariants()
    sendQueue.checkInvariants()
    output.checkInvariants()
  }
}
