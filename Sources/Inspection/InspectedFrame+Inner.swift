// SPDX-License-Identifier: BSD-2-Clause
//
// What is inside of a packet, as a frame of its own: with the number and the time of the frame around it,
// and with as many bytes on the wire as the packet around it says.
//
//     frame   [ Ethernet | IP | UDP | VXLAN | Ethernet | IP | TCP ... ]
//     inner                                 [ Ethernet | IP | TCP ... ]
//
//     inner.isCut => frame.isCut
//
// A packet may be nested as deep as its bytes go, so that whoever looks inside stops somewhere.

public import Wire

extension InspectedFrame {
  /// How many packets, one inside of the other, are looked at within a frame.
  public static var innerLevelLimit: Int { 8 }

  /// The packet that a tunnel of this frame carries, as far as it was captured.
  ///
  /// - Parameter tunnel: what `DecodedFrame.tunnel(in:)` found in the bytes of this frame.
  @_lifetime(copy self)
  public func inner(_ tunnel: Tunnel) -> InspectedFrame {
    var inner = InspectedFrame(
      bytes: tunnel.inner(of: bytes), number: number,
      timestampInNanoseconds: timestampInNanoseconds, wireByteCount: tunnel.declaredByteCount,
      linkType: tunnel.linkType)
    inner.isTimeless = isTimeless
    inner.isInner = true
    return inner
  }

  /// Why its decoding ended, in the terms of the whole frame: where all of a packet inside was captured, it
  /// ends with the packet around it, and not with the capture.
  func explained(_ stop: ParseError) -> ParseError {
    isInner && !isCut && stop.limitedBy == .capture ? stop.limited(by: .outerPacket) : stop
  }
}

extension FrameVerdict {
  /// What is wrong with the frame or with any of the packets inside of it.
  ///
  /// - Parameter frame: the one that the verdict is about.
  public func faultsWithInner(of frame: borrowing InspectedFrame) -> FrameFaults {
    faults.union(Self.innerFaults(of: frame, decoded, level: 1))
  }

  private static func innerFaults(
    of frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame, level: Int
  ) -> FrameFaults {
    guard level <= InspectedFrame.innerLevelLimit, let tunnel = decoded.tunnel(in: frame.bytes)
    else { return [] }
    let inner = frame.inner(tunnel)
    let verdict = FrameVerdict(inner)
    return verdict.faults.union(innerFaults(of: inner, verdict.decoded, level: level + 1))
  }
}
