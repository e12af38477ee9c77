// SPDX-License-Identifier: BSD-2-Clause
//
// What a capture holds and whether it is sane, gathered frame by frame in a fixed 3 MiB, whatever the
// capture:
//
//     packetCount == sizes.count == sum over linkTypes == frames in facts
//     capturedByteCount + missing == sizes.sum, where no frame has fewer bytes on the wire than captured
//
// What is inside of tunnels is counted by itself, and only if that is asked for.

import Wire

/// The facts about a capture, from its frames one after the other.
///
///     var summary = CaptureSummary()
///     while let frame = … { summary.count(frame) }
///     print(summary.packetCount, summary.sizes.mean, summary.order.isStrict)
public struct CaptureSummary: ~Copyable {
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
  /// What frames are, by their outermost packets, and what is wrong with those.
  public private(set) var facts = PacketFacts()
  /// Frames of which the capture has only a part.
  public private(set) var cut = FirstFrames()
  /// Addresses of IP and what they sent and received.
  public private(set) var talkers: Talkers
  /// Ports of UDP and TCP and what went to and from them.
  public private(set) var ports = PortCounts()
  /// What is inside of tunnels; nothing, unless that is looked at.
  public private(set) var inner = InnerSummary()
  /// Whether what is inside of tunnels is looked at.
  public let looksInside: Bool

  /// Nothing counted yet.
  ///
  /// - Parameters:
  ///   - talkerCapacity: addresses counted at a time, 1...1,048,576; `Talkers` says what is known of more.
  ///   - looksInside: whether to look at what is inside of tunnels.
  public init(talkerCapacity: Int = 4_096, looksInside: Bool = false) {
    talkers = Talkers(capacity: talkerCapacity)
    self.looksInside = looksInside
  }

  /// Frames counted.
  public var packetCount: Int { sizes.count }

  /// Whether nothing is wrong with any frame: all decoded to the end, no checksum wrong, none cut, and
  /// times that never go back; nor with what is inside, if that is looked at.
  public var isSane: Bool {
    order.isStrict && cut.count == 0 && facts.isSane && inner.facts.isSane
  }

  /// Counts a frame.
  ///
  /// - Complexity: O(bytes of the frame), for its checksum; no heap allocation.
  public mutating func count(_ frame: borrowing InspectedFrame) {
    // A tunnel may be in a frame that is plain.
    if !looksInside, PlainFrame(frame.bytes, linkType: frame.linkType) == .udp {
      return addPlainUDP(frame)
    }
    add(
      frame,
      DecodedFrame(
        lax: frame.bytes, linkType: frame.linkType, capturedByteCount: frame.bytes.byteCount,
        wireByteCount: frame.wireByteCount))
  }

  /// Counts a frame that need not be taken apart: Ethernet, IPv4 without options and UDP, with sums that
  /// are right.
  @inline(__always)
  private mutating func addPlainUDP(_ frame: borrowing InspectedFrame) {
    note(frame)
    facts.countPlainUDP()
    let start = EthernetHeader.byteCount
    let ip = IPv4Header(frame.bytes, at: start)
    talkers.note(Talkers.Key(ip.source), isSender: true, byteCount: frame.wireByteCount)
    talkers.note(Talkers.Key(ip.destination), isSender: false, byteCount: frame.wireByteCount)
    ports.note(
      udp: UDPHeader(frame.bytes, at: start + IPv4Header.byteCount),
      byteCount: frame.wireByteCount)
  }

  /// Notes what is so of a frame whatever is in it.
  @inline(__always)
  private mutating func note(_ frame: borrowing InspectedFrame) {
    sizes.note(frame.wireByteCount)
    capturedByteCount &+= frame.bytes.byteCount
    if frame.isTimeless {
      order.noteTimeless()
    } else {
      order.note(frame.timestampInNanoseconds, of: frame.number)
    }
    linkTypes.note(frame.linkType)
    if frame.isCut { noteCut(frame.number, frame.bytes.byteCount) }
  }

  /// Counts a frame that is decoded; out of line, so that it is written once and read where it is.
  @inline(never)
  private mutating func add(
    _ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame
  ) {
    let wireByteCount = frame.wireByteCount
    note(frame)
    facts.count(frame, decoded)
    if looksInside { inner.countInside(of: frame, decoded) }
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

  /// Checks the equations above.
  func checkInvariants() {
    sizes.checkInvariants()
    talkers.checkInvariants()
    facts.checkInvariants(packetCount: packetCount)
    inner.checkInvariants()
    assert(linkTypes.count == packetCount)
  }
}
