// SPDX-License-Identifier: BSD-2-Clause
//
// Packets that are made to fit an MTU. All pieces are made before the packet is touched:
//
//     packet    [ link | IP | ... payload ...................... ]
//     pieces    [ link | IP | copied headers ]->[ shared payload ]
//               [ link | IP | copied headers ]->[ shared payload ]   as many as it takes
//
//     bytes behind the link header of each piece <= mtu
//     the payloads of the pieces, in order, are the payload
//
// When memory is denied, the pieces made so far end and the packet is as it was.

public import Mbufs
public import Wire

/// Makes packets fit an MTU, by a policy.
///
///     var fitter = PacketFitter(.fragment, mtu: 1_500)
///     var rest = PacketQueue()
///     let outcome = try fitter.fit(&packet, packet.decoded(), addingTo: &rest)
public struct PacketFitter: Sendable {
  /// What becomes of packets that are longer.
  public let policy: LongPacketPolicy
  /// The most bytes behind the link header.
  public let mtu: Int
  /// The identification of the next IPv6 packet that is sent in fragments.
  var identification: UInt32 = 1

  /// A fitter of packets.
  ///
  /// - Precondition: `mtu` is above 0.
  public init(_ policy: LongPacketPolicy, mtu: Int) {
    precondition(mtu > 0, "an MTU of \(mtu) bytes")
    self.policy = policy
    self.mtu = mtu
  }

  /// Makes a packet fit.
  ///
  /// What TCP or IP repeat in each piece is as RFC 791 section 3.2, RFC 8200 section 4.5 and a sender's
  /// segmentation offload have it. Bytes behind the IP packet do not come along. A transport checksum
  /// that was left to a device is filled in; one that was wrong is wrong by the same difference in each
  /// segment.
  ///
  /// - Parameters:
  ///   - packet: becomes the first of the packets made of it.
  ///   - frame: this packet, decoded and not changed since.
  ///   - rest: gets the others, in order, behind what it has.
  /// - Returns: what became of it. A packet that is to be dropped or refused is unchanged.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged, and `rest` too.
  /// - Complexity: O(headers) for each piece, and two mbufs; payloads are shared.
  ///
  /// BSD: `ip_fragment`, `ip6_fragment`.
  public mutating func fit(
    _ packet: inout Packet, _ frame: DecodedFrame, addingTo rest: inout PacketQueue
  ) throws(MbufError) -> LongPacketOutcome {
    guard packet.linkPayloadByteCount > mtu else { return .fits }
    switch policy {
    case .refuse: return .refused
    case .skip: return .dropped(.skipped)
    case .truncate:
      try truncate(&packet, frame)
      return .fitted(added: 0)
    case .segment where Self.canSegment(frame, packet):
      return try segment(&packet, frame, &rest)
    case .fragment, .segment:
      return try fragment(&packet, frame, &rest)
    }
  }

  /// The most bytes of the IP packet.
  func limit(_ frame: DecodedFrame, _ packet: borrowing Packet) -> Int {
    let link = LinkType(rawValue: packet.linkType).headerByteCount ?? 0
    return mtu - (frame.networkOffset - link)
  }

  /// Whether the packet is IP that is all there and says so.
  static func isWhole(_ frame: DecodedFrame, _ packet: borrowing Packet) -> Bool {
    frame.hasNetworkHeader && (frame.network == .ipv4 || frame.network == .ipv6)
      && frame.link != .length && !frame.isTruncated && !frame.flags.contains(.badLength)
      && frame.networkOffset + frame.ipTotalByteCount <= packet.byteCount
  }

  /// A packet of the first bytes of another, which are its own to write, and no more.
  static func headers(
    of packet: inout Packet, _ byteCount: Int
  ) throws(MbufError) -> Packet {
    var piece = try packet.sharedCopy(0..<byteCount)
    try piece.copyUp(byteCount, headroom: 16)
    piece.header.wireByteCount = nil
    return piece
  }

  /// Puts pieces in the place of the packet that they were made of.
  static func replace(
    _ packet: inout Packet, by pieces: inout PacketQueue, _ rest: inout PacketQueue
  ) -> LongPacketOutcome {
    guard let first = pieces.dequeue() else { preconditionFailure("no pieces") }
    packet = first
    let added = pieces.packetCount
    rest.append(&pieces)
    return .fitted(added: added)
  }
}
