// SPDX-License-Identifier: BSD-2-Clause
//
// What packets are and what is wrong with them, of the outermost ones or of those inside:
//
//     packets counted == protocols.arp + .ipv4 + .ipv6 + .other
//     checksums.udp.total == protocols.udp, and so for tcp, icmp and icmpv6
//     checksums.ipv4.total == protocols.ipv4
//
// Each kind of fault keeps the numbers of its first ten frames.

public import Wire

/// Packets by protocol and by what their checksums came to, and those that are wrong.
public struct PacketFacts: ~Copyable {
  /// Checksums by protocol.
  public struct Checksums: Equatable, Sendable {
    /// Of IPv4 headers.
    public var ipv4 = ChecksumCounts()
    /// Of UDP datagrams.
    public var udp = ChecksumCounts()
    /// Of TCP segments.
    public var tcp = ChecksumCounts()
    /// Of ICMP messages.
    public var icmp = ChecksumCounts()
    /// Of ICMPv6 messages.
    public var icmpv6 = ChecksumCounts()

    @inline(__always)
    mutating func count(_ result: ChecksumResult, of transport: DecodedFrame.Transport) {
      switch transport {
      case .udp: udp.count(result)
      case .tcp: tcp.count(result)
      case .icmp: icmp.count(result)
      case .icmpv6: icmpv6.count(result)
      case .none, .other: break
      }
    }
  }

  /// Frames with a wrong checksum, by the protocol that it is of.
  public struct BadChecksums: Sendable {
    /// Of IPv4 headers.
    public var ipv4 = FirstFrames()
    /// Of UDP datagrams.
    public var udp = FirstFrames()
    /// Of TCP segments.
    public var tcp = FirstFrames()
    /// Of ICMP messages.
    public var icmp = FirstFrames()
    /// Of ICMPv6 messages.
    public var icmpv6 = FirstFrames()

    /// All of them.
    public var count: Int { ipv4.count + udp.count + tcp.count + icmp.count + icmpv6.count }
  }

  /// Packets by protocol.
  public private(set) var protocols = ProtocolCounts()
  /// Checksums by protocol and result.
  public private(set) var checksums = Checksums()
  /// Packets with a wrong checksum.
  public private(set) var badChecksums = BadChecksums()
  /// Packets whose headers could not be read to the end.
  public private(set) var undecodable = StopCounts()

  /// Nothing counted yet.
  init() {}

  /// Whether all packets decoded to the end, and no checksum is wrong.
  public var isSane: Bool { undecodable.count == 0 && badChecksums.count == 0 }

  /// Counts a packet.
  @inline(__always)
  mutating func count(_ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame) {
    protocols.count(decoded)
    let headerResult = decoded.ipv4HeaderChecksum
    if let headerResult { checksums.ipv4.count(headerResult) }
    let result = decoded.transportChecksumResult(in: frame.bytes)
    if let result { checksums.count(result, of: decoded.transport) }
    if decoded.stop != nil || result == .invalid || headerResult == .invalid {
      note(decoded, result, frame.number)
    }
  }

  /// Counts a datagram of UDP with nothing wrong about it.
  @inline(__always)
  mutating func countPlainUDP() {
    protocols.count(PlainFrame.udp)
    checksums.ipv4.count(.valid)
    checksums.udp.count(.valid)
  }

  /// Notes a packet that cannot be decoded or has a wrong checksum.
  @inline(never)
  private mutating func note(
    _ decoded: borrowing DecodedFrame, _ result: ChecksumResult?, _ number: Int
  ) {
    if let stop = decoded.stop { undecodable.note(stop, of: number) }
    if decoded.ipv4HeaderChecksum == .invalid { badChecksums.ipv4.note(number) }
    guard result == .invalid else { return }
    switch decoded.transport {
    case .udp: badChecksums.udp.note(number)
    case .tcp: badChecksums.tcp.note(number)
    case .icmp: badChecksums.icmp.note(number)
    case .icmpv6: badChecksums.icmpv6.note(number)
    case .none, .other: break
    }
  }

  /// Checks the equations above.
  func checkInvariants(packetCount: Int) {
    let p = protocols
    assert(p.arp + p.ipv4 + p.ipv6 + p.other == UInt64(packetCount))
    assert(checksums.ipv4.total == p.ipv4 && checksums.udp.total == p.udp)
    assert(checksums.tcp.total == p.tcp && checksums.icmp.total == p.icmp)
    assert(checksums.icmpv6.total == p.icmpv6)
  }
}
