// SPDX-License-Identifier: BSD-2-Clause
//
//     input(packet, linkType, on: interface)                       transmit(on: interface) -> packet
//        |                                                             ^
//     decoded         all headers, read once                        output queue of the interface
//        |                                                             |
//     link input  --> ARP                                           link output   link header, neighbour
//        |                                                             |
//     IP input        lengths, checksum, addresses, options         fragments     shared clusters
//        |            fragments --> reassembly                         |
//        |-----------> raw sockets, each a shared copy              IP output     id, TTL, checksum
//        |-----------> ICMP: echo, errors, neighbours  ------------->  |
//     UDP input       length, checksum, port                        UDP output    ports, checksum
//        |                                                             ^
//     socket buffer                                                    |
//        '---> receive(socket) -> datagram         send(packet, from: socket, to: endpoint)
//
// Each step of input returns an `Outcome`, and `input` alone counts; so a packet is counted once
// whatever happens to it:
//
//     received == delivered + handled + held + joined + dropped.total
//
// One stack is for one thread at a time and has no lock. It asks nobody for the time or for random
// numbers: both come in from outside, so the same input gives the same output. What must happen without
// input, such as asking a neighbour again, happens in `poll(now:)`, which says when to call it next.

import Interfaces
public import Mbufs
public import SocketBuffers
import UMA
public import Wire

/// UDP and raw IP over IPv4 and IPv6, from packets to socket buffers and back.
///
///     var stack = InternetStack(addresses: [InterfaceAddress(IPv4Address(10, 0, 0, 1))], seed: 1)
///     let socket = try stack.bind(port: 7)
///     stack.input(packet, linkType: .raw)
///     while let datagram = stack.receive(socket) {
///       try stack.send(datagram.packet, from: socket, to: datagram.source)
///     }
///     while let packet = stack.transmit() { … }
public struct InternetStack: ~Copyable, Sendable {
  /// The time in nanoseconds since 1970, as the owner of the stack sets it, here or by `poll(now:)`.
  ///
  /// Packets that are sent get it as their time stamp.
  public var nowInNanoseconds: Int64 = 0
  /// What the stack does where hosts differ.
  public var policy: Policy
  /// What sharers of sockets have queued to be sent; its owner waits there for something to do.
  public let sendQueue: SendQueue
  /// Where packets come from that the stack makes of its own: questions for neighbours, announcements.
  ///
  /// Answers reuse the packet that they answer. Without a pool nothing is asked, so a stack on Ethernet
  /// needs one; `input(from:_:)` and `StackHost` set it where it is nil.
  public var pool: MbufPool?
  /// What was seen so far.
  public internal(set) var statistics = StackStatistics()

  var interfaces = InterfaceTable()
  var addresses = LocalAddresses()
  var routes = RouteTable()
  var neighbours: NeighbourCache
  var reassembler: Reassembler
  var pathMTUs: PathMTUTable
  var errorBucket: TokenBucket
  /// What the stack sends to itself, until it is taken in.
  var looped = PacketQueue()
  // An existential, so that the generator is no parameter of the stack's type.
  var randomness: any RandomNumberGenerator & Sendable
  var sockets = SocketTable()

  /// Makes a stack without sockets and without interfaces.
  ///
  /// - Parameters:
  ///   - policy: what it does where hosts differ.
  ///   - pool: for messages of its own.
  ///   - randomness: for identifications, ports and the keys of tables.
  public init(
    policy: Policy = Policy(), pool: MbufPool? = nil,
    randomness: some RandomNumberGenerator & Sendable
  ) {
    self.policy = policy
    self.pool = pool
    var randomness = randomness
    // The longest datagram has 45 fragments over 1,500 bytes, and 119 over 576.
    neighbours = NeighbourCache(
      seed: randomness.next(), packetLimitOfEntry: 128, packetLimit: 512)
    reassembler = Reassembler(
      hashKey: SipHash.Key(first: randomness.next(), second: randomness.next()))
    pathMTUs = PathMTUTable(seed: randomness.next())
    errorBucket = TokenBucket(
      ratePerSecond: policy.errorsPerSecond, burstInTokens: policy.errorBurst)
    self.randomness = randomness
    sendQueue = SendQueue(limitInDatagrams: policy.sendQueueLimitInDatagrams)
  }

  /// Makes a stack without sockets on one link that carries IP datagrams and nothing else.
  ///
  /// - Parameters:
  ///   - addresses: its own; with none, only broadcasts are for it.
  ///   - mtu: the longest IP datagram in bytes that may be sent in one piece, 68...65,535.
  ///   - policy: what it does where hosts differ.
  ///   - randomness: for identifications, ports and the keys of tables.
  public init(
    addresses: [InterfaceAddress], mtu: Int = 1_500, policy: Policy = Policy(),
    randomness: some RandomNumberGenerator & Sendable
  ) {
    self.init(policy: policy, randomness: randomness)
    let interface = add(StackInterface(mtu: mtu, addresses: addresses))
    addDefaultRoutes(on: interface)
  }

  // The sockets end with it as well, and tell whoever waits.
  deinit { sendQueue.end() }

  /// Makes a stack without sockets on one link, whose random numbers a seed determines, the same in every
  /// run.
  public init(
    addresses: [InterfaceAddress], mtu: Int = 1_500, policy: Policy = Policy(), seed: UInt64
  ) {
    self.init(
      addresses: addresses, mtu: mtu, policy: policy, randomness: SplitMix64(seed: seed))
  }

  /// Makes a stack without sockets and without interfaces, whose random numbers a seed determines.
  public init(policy: Policy = Policy(), pool: MbufPool?, seed: UInt64) {
    self.init(policy: policy, pool: pool, randomness: SplitMix64(seed: seed))
  }

  // MARK: Input

  /// Takes a packet in and gives it to the sockets it is for, answers it, or drops and counts it.
  ///
  /// All bytes are legal input.
  ///
  /// - Parameters:
  ///   - packet: from its link header on.
  ///   - linkType: what its first byte is.
  ///   - interface: where it came in.
  /// - Returns: nil if a socket or the stack itself took it, or if it is a fragment that waits; else why
  ///   not.
  /// - Complexity: O(bytes), for the checksum; allocates only for frames in pieces and raw sockets.
  ///
  /// BSD: `ether_input`, `ip_input`, `udp_input`.
  @discardableResult
  public mutating func input(
    _ packet: consuming Packet, linkType: LinkType, on interface: InterfaceID = .first
  ) -> DropReason? {
    let frame = packet.decoded(linkType)
    return take(packet, frame, on: interface)
  }

  /// Takes in a packet whose headers were read already, and gives it to the sockets it is for, answers it,
  /// or drops and counts it.
  ///
  ///     let frame = packet.decoded()
  ///     if frame.destinationPort == 53 { stack.input(packet, frame) }
  ///
  /// - Parameters:
  ///   - packet: from its link header on.
  ///   - frame: what `Packet.decoded()` said of this packet, which was not changed since.
  ///   - interface: where it came in.
  /// - Returns: nil if a socket or the stack itself took it, or if it is a fragment that waits; else why
  ///   not.
  /// - Precondition: the payload that `frame` tells of is inside the packet.
  @discardableResult
  public mutating func input(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID = .first
  ) -> DropReason? {
    take(packet, frame, on: interface)
  }

  @inline(__always)
  private mutating func take(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID
  ) -> DropReason? {
    interfaces[Int(interface.index)].statistics.input.count(bytes: packet.byteCount)
    let outcome = linkInput(packet, frame, on: interface)
    statistics.count(outcome)
    if !looped.isEmpty { takeLooped() }
    return outcome.reason
  }

  // MARK: Checking

  /// Traps if a packet is missing from the counts, or a part contradicts itself.
  public mutating func checkInvariants() {
    statistics.checkInvariants()
    precondition(
      statistics.held == UInt64(reassembler.heldFragmentCount),
      "\(statistics.held) fragments held, \(reassembler.heldFragmentCount) there")
    sockets.checkInvariants()
    sendQueue.checkInvariants()
    reassembler.checkInvariants()
    neighbours.checkInvariants()
    for index in interfaces.indices { interfaces[index].output.checkInvariants() }
    looped.checkInvariants()
  }
}
