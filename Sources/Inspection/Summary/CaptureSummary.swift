// SPDX-License-Identifier: BSD-2-Clause
//
// What a capture holds and whether it is sane, gathered frame by frame in a fixed 3 MiB, whatever the
// capture:
//
//     packetCount == sizes.count == sum over linkTypes == frames in protocols
//     capturedByteCount + missing == sizes.sum, where no frame has fewer bytes on the wire than captured
//     checksums.udp.total == protocols.udp, and so for tcp, icmp and icmpv6
//     checksums.ipv4.total == protocols.ipv4
//
// Each kind of fault keeps the numbers of its first ten frames.

public import Wire

/// The facts about a capture, from its frames one after the other.
///
///     var summary = CaptureSummary()
///     while let frame = … { summary.count(frame) }
///     print(summary.packetCount, summary.sizes.mean, summary.order.isStrict)
public struct CaptureSummary: ~Copyable {
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

  /// Bytes that were captured.
  public private(set) var capturedByteCount = 0
  /// Bytes on the wire of each frame.
  public private(set) var sizes = SizeCounts()
  /// Captured bytes of the longest frame that was cut, of the shortest one, or nil if none was.
  public private(set) var cutByteCounts: ClosedRange<Int>?
  /// When frames were seen.
  public private(set) var order = TimeOrder()
  /// Frames by link type.
  public private(set) var linkTypes = LinkTypeCounts()
  /// Frames by protocol.
  public private(set) var protocols = ProtocolCounts()
  /// Checksums by protocol and result.
  public private(set) var checksums = Checksums()
  /// Frames with a wrong checksum.
  public private(set) var badChecksums = BadChecksums()
  /// Frames of which the capture has only a part.
  public private(set) var cut = FirstFrames()
  /// Frames whose headers could not be read to the end.
  public private(set) var undecodable = StopCounts()
  /// Addresses of IP and what they sent and received.
  public private(set) var talkers: Talkers
  /// Ports of UDP and TCP and what went to and from them.
  public private(set) var ports = PortCounts()

  /// Nothing counted yet.
  ///
  /// - Parameter talkerCapacity: addresses counted at a time, 1...1,048,576; `Talkers` says what is
  ///   known of more.
  public init(talkerCapacity: Int = 1_024) {
    talkers = Talkers(capacity: talkerCapacity)
  }

  /// Frames counted.
  public var packetCount: Int { sizes.count }

  /// Whether nothing is wrong with any frame: all decoded to the end, no checksum wrong, none cut, and
  /// times that never go back.
  public var isSane: Bool {
    order.isStrict && cut.count == 0 && undecodable.count == 0 && badChecksums.count == 0
  }

  /// Counts a frame.
  ///
  /// - Complexity: O(bytes of the frame), for its checksum; no heap allocation.
  public mutating func count(_ frame: borrowing InspectedFrame) {
    let verdict = FrameVerdict(frame)
    let wireByteCount = frame.wireByteCount
    sizes.note(wireByteCount)
    capturedByteCount &+= frame.bytes.byteCount
    order.note(frame.timestampInNanoseconds, of: frame.number)
    linkTypes.note(frame.linkType)
    protocols.count(verdict.decoded)
    if let result = verdict.decoded.ipv4HeaderChecksum { checksums.ipv4.count(result) }
    if let result = verdict.transportChecksum {
      switch verdict.decoded.transport {
      case .udp: checksums.udp.count(result)
      case .tcp: checksums.tcp.count(result)
      case .icmp: checksums.icmp.count(result)
      case .icmpv6: checksums.icmpv6.count(result)
      case .none, .other: break
      }
    }
    if !verdict.faults.isEmpty { note(verdict, frame.number, frame.bytes.byteCount) }
    guard verdict.decoded.hasNetworkHeader else { return }
    let isIPv6 = verdict.decoded.network == .ipv6
    guard isIPv6 || verdict.decoded.network == .ipv4 else { return }
    // An IPv4 address is the low 32 bits.
    talkers.note(
      Talkers.Key(bits: verdict.decoded.ipv6Source, isIPv6: isIPv6), isSender: true,
      byteCount: wireByteCount)
    talkers.note(
      Talkers.Key(bits: verdict.decoded.ipv6Destination, isIPv6: isIPv6), isSender: false,
      byteCount: wireByteCount)
    ports.note(verdict.decoded, byteCount: wireByteCount)
  }

  /// Notes what is wrong with a frame.
  @inline(never)
  private mutating func note(_ verdict: FrameVerdict, _ number: Int, _ byteCount: Int) {
    if verdict.faults.contains(.cut) {
      cut.note(number)
      let least = Swift.min(cutByteCounts?.lowerBound ?? byteCount, byteCount)
      cutByteCounts = least...Swift.max(cutByteCounts?.upperBound ?? byteCount, byteCount)
    }
    if let stop = verdict.decoded.stop { undecodable.note(stop, of: number) }
    if verdict.decoded.ipv4HeaderChecksum == .invalid { badChecksums.ipv4.note(number) }
    guard verdict.transportChecksum == .invalid else { return }
    switch verdict.decoded.transport {
    case .udp: badChecksums.udp.note(number)
    case .tcp: badChecksums.tcp.note(number)
    case .icmp: badChecksums.icmp.note(number)
    case .icmpv6: badChecksums.icmpv6.note(number)
    case .none, .other: break
    }
  }

  /// Checks the equations above.
  func checkInvariants() {
    sizes.checkInvariants()
    talkers.checkInvariants()
    let p = protocols
    assert(p.arp + p.ipv4 + p.ipv6 + p.other == UInt64(packetCount))
    assert(checksums.ipv4.total == p.ipv4 && checksums.udp.total == p.udp)
    assert(checksums.tcp.total == p.tcp && checksums.icmp.total == p.icmp)
    assert(checksums.icmpv6.total == p.icmpv6)
    assert(linkTypes.count == packetCount)
  }
}
