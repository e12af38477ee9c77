// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
public import Mbufs
public import Wire

// A stack at its interfaces: what is received goes in, what waits to be transmitted goes out.

extension InternetStack {
  // MARK: Adding

  /// Puts the stack on another link.
  ///
  /// Its networks are routes from now on. An IPv6 address on Ethernet is asked about first, by
  /// `poll(now:)`, and is the stack's a second later if nobody has it (RFC 4862, 5.4).
  ///
  /// - Precondition: Ethernet has a link address; the MTU is 68...65,535.
  /// - Complexity: O(addresses).
  ///
  /// BSD: `if_attach`, `in_control`.
  @discardableResult
  public mutating func add(_ interface: StackInterface) -> InterfaceID {
    let id = InterfaceID(interfaces.count)
    interfaces.append(InterfaceState(interface))
    for address in interface.addresses { add(address, on: id) }
    return id
  }

  /// Gives an interface another address, and its network a route.
  ///
  /// BSD: `in_aifaddr_ioctl`.
  public mutating func add(_ address: InterfaceAddress, on interface: InterfaceID) {
    let asks = interfaces[Int(interface.index)].hardwareAddress != nil && !policy.isSilent
    addresses.add(address, interface: interface.index, isTentative: asks)
    addRoute(to: address, on: interface)
  }

  /// Says by which neighbour a network is reached.
  ///
  /// - Parameters:
  ///   - network: an address in it and its prefix, as 0.0.0.0/0 for all of IPv4.
  ///   - gateway: a router on the link; nil if the hosts of the network are on the link themselves.
  ///   - interface: the link.
  ///
  /// BSD: `rtrequest`.
  public mutating func addRoute(
    to network: InterfaceAddress, by gateway: IPAddress? = nil, on interface: InterfaceID = .first
  ) {
    routes.insert(network.prefix, Route(gateway: gateway, interface: interface.index))
  }

  /// Sends whatever has no other route by an interface.
  mutating func addDefaultRoutes(on interface: InterfaceID) {
    addRoute(to: InterfaceAddress(IPv4Address.any, prefixBitCount: 0), on: interface)
    addRoute(to: InterfaceAddress(IPv6Address.any, prefixBitCount: 0), on: interface)
  }

  /// The packets of an interface so far.
  ///
  /// BSD: a line of `netstat -i`.
  public func statistics(of interface: InterfaceID) -> InterfaceStatistics {
    interfaces[Int(interface.index)].statistics
  }

  // MARK: Moving packets

  /// Takes in what an interface has received, one batch.
  ///
  /// - Parameters:
  ///   - source: gives packets with their link types.
  ///   - pool: where they come from.
  ///   - packetLimit: the most packets of the batch.
  ///   - interface: where they come in.
  /// - Returns: whether the source has more.
  /// - Throws: what the source throws; packets that it gave before are taken in.
  public mutating func input<Source: PacketSource & ~Copyable>(
    from source: inout Source, _ pool: MbufPool, upTo packetLimit: Int = 32,
    on interface: InterfaceID = .first
  ) throws(InterfaceError) -> SourceState {
    if self.pool == nil { keepPool(pool) }
    var packets = PacketQueue()
    defer {
      while let packet = packets.dequeue() {
        let linkType = LinkType(rawValue: packet.header.linkType)
        input(packet, linkType: linkType, on: interface)
      }
    }
    return try source.receive(upTo: packetLimit, into: &packets, from: pool)
  }

  @inline(never)
  private mutating func keepPool(_ pool: MbufPool) { self.pool = pool }

  /// Gives an interface what waits to be transmitted; what it has no room for waits on.
  ///
  /// - Throws: what the sink throws; a packet that it refuses stays the first that waits.
  public mutating func output<Sink: PacketSink & ~Copyable>(
    to sink: inout Sink, on interface: InterfaceID = .first
  ) throws(InterfaceError) {
    try sink.transmit(&interfaces[Int(interface.index)].output)
  }

  /// Takes the next packet to transmit on an interface, or nil.
  ///
  /// It begins as the interface's link type says.
  ///
  /// BSD: `if_start`.
  public mutating func transmit(on interface: InterfaceID = .first) -> Packet? {
    interfaces[Int(interface.index)].output.dequeue()
  }

  /// Packets that wait to be transmitted, on all interfaces.
  package var outputPacketCount: Int {
    var count = 0
    for index in interfaces.indices { count += interfaces[index].output.packetCount }
    return count
  }
}
