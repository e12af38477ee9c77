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
  public init(talkerCapacity: Int = 4_096) {
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
    add(
      frame,
      DecodedFrame(
        lax: frame.bytes, linkType: frame.linkType, capturedByteCount: frame.bytes.byteCount,
        wireByteCount: frame.wireByteCount))
  }

  /// Counts a frame that is decoded; out of line, so that it is written once and read where it is.
  @inline(never)
  private mutating func add(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame
  ) {
    let wireByteCount = frame.wireByteCount
    sizes.note(wireByteCount)
    capturedByteCount &+= frame.bytes.byteCount
    order.note(frame.timestampInNanoseconds, of: frame.number)
    linkTypes.note(frame.linkType)
    protocols.count(decoded)
    let headerResult = decoded.ipv4HeaderChecksum
    if let headerResult { checksums.ipv4.count(headerResult) }
    let result = decoded.transportChecksumResult(in: frame.bytes)
    if let result { checksums.count(result, of: decoded.transport) }
    if frame.isCut { noteCut(frame.number, frame.bytes.byteCount) }
    let isStopped = decoded.stop != nil
    if isStopped || result == .invalid || headerResult == .invalid {
      note(decoded, result, frame.number)
    }
    let network = decoded.network
    guard decoded.hasNetworkHeader, network == .ipv4 || network == .ipv6 else { return }
    let isIPv6 = network == .ipv6
    // An IPv4 address is the low 32 bits.
    talkers.note(
      Talkers.Key(bits: decoded.ipv6Source, isIPv6: isIPv6), isSender: true,
      byteCount: wireByteCount)
    talkers.note(
      Talkers.Key(bits: decoded.ipv6Destination, isIPv6: isIPv6), isSender: false,
      byteCount: wireByteCount)
    ports.note(decoded, byteCount: wireByteCount)
  }

  @inline(never)
  private mutating func noteCut(_ number: Int, _ byteCount: Int) {
    cut.note(number)
    let least = Swift.min(cutByteCounts?.lowerBound ?? byteCount, byteCount)
    cutByteCounts = least...Swift.max(cutByteCounts?.upperBound ?? byteCount, byteCount)
  }

  /// Notes a frame that cannot be decoded or has a wrong checksum.
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
