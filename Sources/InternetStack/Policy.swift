// SPDX-License-Identifier: BSD-2-Clause

extension InternetStack {
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
    /// Takes datagrams from 127.0.0.0/8, from ::1 and from its own addresses, and sends to them by its
    /// interface.
    ///
    /// For a stack on a loopback interface, or one that shares its addresses with the host's own
    /// stack, as over a raw socket. Anywhere else such sources are forged, and what the stack sends to
    /// itself does not leave it.
    public var acceptsLocalSources = false
    /// Sends nothing but what sockets send: no ICMP, no answers for neighbours.
    ///
    /// For a stack beside one that answers already, and for one that only looks.
    public var isSilent = false
    /// Answers ICMP echo.
    ///
    /// BSD: the reverse of `net.inet.icmp.drop_echo`.
    public var answersEcho = true
    /// The most ICMP errors a second, over time.
    ///
    /// BSD: `net.inet.icmp.icmplim`.
    public var errorsPerSecond = 200
    /// The most ICMP errors at once.
    public var errorBurst = 50
    /// The most sockets that may be open, of all kinds; a lower one closes none.
    ///
    /// At first as many as an address has ports. Each may hold as much as its own limit says.
    ///
    /// BSD: `kern.ipc.maxsockets`.
    public var socketLimit = 65_535
    /// Hops that a datagram that is sent may take: each router takes one off.
    ///
    /// BSD: `net.inet.ip.ttl`, `net.inet6.ip6.hlim`.
    public var timeToLive: UInt8 = 64
    /// The most datagrams of shared sockets that wait to be sent, at least 1; the stack takes it once,
    /// as it is made.
    public var sendQueueLimitInDatagrams = 1_024
    /// The most packets that wait to be transmitted on one interface.
    ///
    /// BSD: `net.link.ifqmaxlen`.
    public var outputLimitInPackets = 1_024

    /// What a host does.
    public init() {}
  }
}
