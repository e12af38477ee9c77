// SPDX-License-Identifier: BSD-2-Clause

import Wire

/// The ports of a frame, as far as they are there: those of a header that is cut behind them, too.
struct FramePorts: Equatable {
  let source: UInt16
  let destination: UInt16

  /// Nil where there are none.
  @inline(__always)
  init?(_ frame: borrowing InspectedFrame, _ decoded: borrowing DecodedFrame) {
    switch decoded.transport {
    case .udp, .tcp: break
    case .none, .icmp, .icmpv6, .other: return nil
    }
    if decoded.hasTransportHeader {
      (source, destination) = (decoded.sourcePort, decoded.destinationPort)
      return
    }
    // Nowhere behind IP's own end, where link padding may be.
    let (start, end) = (decoded.transportOffset, decoded.networkOffset + decoded.ipTotalByteCount)
    guard Swift.min(end, frame.bytes.byteCount) - start >= 4 else { return nil }
    let ports = FixedBytes<4>(frame.bytes, at: start)
    (source, destination) = (ports.uint16(at: 0), ports.uint16(at: 2))
  }
}
