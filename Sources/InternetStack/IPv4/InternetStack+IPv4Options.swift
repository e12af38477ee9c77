// SPDX-License-Identifier: BSD-2-Clause
//
// Options of a datagram for this host (RFC 1122, 3.2.1.8): those that contradict themselves end it, with a
// parameter problem that points at the place; a source route that goes on is refused; record route, time
// stamp and router alert are for routers, and a host that is the end of the way lets them be.

import Mbufs
import Wire

extension InternetStack {
  /// What options say against taking a datagram; nil if nothing.
  ///
  /// BSD: `ip_dooptions`.
  @inline(never)
  func optionFault(_ packet: borrowing Packet, _ frame: DecodedFrame) -> ErrorReport? {
    if frame.flags.contains(.routed) { return .unreachable(.sourceRouteFailed) }
    let count = frame.ipHeaderByteCount - IPv4Header.byteCount
    guard count > 0 else { return nil }
    var options = FramePrefix(capacity: count)
    packet.forEachSegment(from: frame.networkOffset + IPv4Header.byteCount, byteCount: count) {
      options.append($0)
    }
    do throws(IPv4OptionFault) {
      try IPv4OptionFault.check(options.bytes)
      return nil
    } catch {
      return .badField(code: 0, offset: Int(error.pointer))
    }
  }

  /// Tells the sender what is wrong with the options.
  @inline(never)
  mutating func refuseOption(
    _ packet: consuming Packet, _ frame: DecodedFrame, _ report: ErrorReport
  ) -> Outcome {
    sendError(about: packet, frame, report)
    return .dropped(report == .unreachable(.sourceRouteFailed) ? .sourceRoute : .badOption)
  }
}
