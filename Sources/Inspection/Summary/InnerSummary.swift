// SPDX-License-Identifier: BSD-2-Clause
//
// What is inside of a capture's tunnels. Every packet inside counts, the innermost as well as each on the
// way to it, under the number of the frame that it is in:
//
//     [ IP | GRE | IP | UDP | VXLAN | Ethernet | IP | TCP ]     gre 1, vxlan 1; ipv4 2, udp 1, tcp 1
//
//     packetCount == vxlan + geneve + gre + ip == packets in facts.protocols
//
// At most eight are looked at in a frame; one that holds more is in `deeper`.

public import Wire

/// The facts about packets inside of others.
public struct InnerSummary: ~Copyable {
  private var counts = InlineArray<4, Int>(repeating: 0)
  /// What the packets are.
  public private(set) var facts = PacketFacts()
  /// Frames with more packets one inside of the other than are looked at.
  public private(set) var deeper = FirstFrames()

  /// Nothing counted yet.
  init() {}

  /// Packets that were inside of another.
  public var packetCount: Int { Tunnel.Kind.allCases.reduce(0) { $0 + count(of: $1) } }

  /// Packets that a kind of tunnel carried.
  public func count(of kind: Tunnel.Kind) -> Int { counts[Self.place(of: kind)] }

  private static func place(of kind: Tunnel.Kind) -> Int {
    switch kind {
    case .vxlan: 0
    case .geneve: 1
    case .gre: 2
    case .ip: 3
    }
  }

  /// Counts the packets inside of a frame.
  mutating func countInside(
    of frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame, level: Int = 1
  ) {
    guard let tunnel = decoded.tunnel(in: frame.bytes) else { return }
    guard level <= InspectedFrame.innerLevelLimit else { return deeper.note(frame.number) }
    let inner = frame.inner(tunnel)
    let innerDecoded = DecodedFrame(
      lax: inner.bytes, linkType: inner.linkType, capturedByteCount: inner.bytes.byteCount,
      wireByteCount: inner.wireByteCount)
    counts[Self.place(of: tunnel.kind)] += 1
    facts.count(inner, innerDecoded)
    countInside(of: inner, innerDecoded, level: level + 1)
  }

  /// Checks the equations above.
  func checkInvariants() { facts.checkInvariants(packetCount: packetCount) }
}
