// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

// IP and what it carries. Two changes are kept apart, since they are under different checksums:
//
//     network      addresses, hops left                under the header checksum of IPv4
//     transport    addresses of the pseudo-header      under that of TCP, UDP, UDP-Lite and ICMPv6;
//                  and ports                           a partial sum has no ports

extension Packet {
  borrowing func editIP(
    _ rules: RewriteRules, _ frame: DecodedFrame, _ step: UInt64, _ edit: inout RewriteEdit,
    _ outcome: inout RewriteOutcome
  ) throws(MbufError) {
    let start = frame.networkOffset
    let isIPv6 = frame.network == .ipv6
    var network = ChecksumChange()
    var transport = ChecksumChange()
    if rules.concernAddresses {
      let old = RewriteRules.Addresses(
        source: frame.ipv6Source, destination: frame.ipv6Destination)
      let new = rules.addresses(old, isIPv6: isIPv6, step: step)
      edit.setAddresses(
        old, new, at: isIPv6 ? (start + 8, start + 24) : (start + 12, start + 16), isIPv6: isIPv6)
      network.replace(old.source, by: new.source)
      // Where an option names the sender's home, the sum is over that.
      if !frame.flags.contains(.homeAddress) { transport = network }
      network.replace(old.destination, by: new.destination)
      // Where a source route has stops to go, the sum is over the last one, which it names.
      if !frame.flags.contains(.routed) {
        transport.replace(old.destination, by: new.destination)
      }
    }
    if let rule = rules.hops {
      let place = start + (isIPv6 ? 7 : 8)
      let old = try uint8(at: place)
      let new = rule.applied(to: old)
      if old != new {
        edit.hops = (place, new)
        edit.reach(place + 1)
        network.replace(UInt16(old) << 8, by: UInt16(new) << 8)
      }
    }
    if !isIPv6, !network.isEmpty {
      let field = start + 10
      edit.networkChecksum = .init(
        offset: field, value: network.applied(to: try uint16(at: field)))
      edit.reach(field + 2)
    }
    try editTransport(rules, frame, transport, &edit, &outcome)
  }

  private borrowing func editTransport(
    _ rules: RewriteRules, _ frame: DecodedFrame, _ pseudoHeader: ChecksumChange,
    _ edit: inout RewriteEdit, _ outcome: inout RewriteOutcome
  ) throws(MbufError) {
    guard frame.fragmentOffset == 0 else { return }
    let start = frame.transportOffset
    let end = Swift.min(byteCount, frame.networkOffset + frame.ipTotalByteCount)
    let layout = TransportLayout(frame)
    var change = pseudoHeader
    if !rules.ports.isEmpty {
      if layout.hasPorts, start + 4 <= end {
        let old = try (uint16(at: start), uint16(at: start + 2))
        let new = (rules.port(old.0), rules.port(old.1))
        if old.0 != new.0 { edit.sourcePort = .init(offset: start, value: new.0) }
        if old.1 != new.1 { edit.destinationPort = .init(offset: start + 2, value: new.1) }
        if old != new { edit.reach(start + 4) }
        change.replace(old.0, by: new.0)
        change.replace(old.1, by: new.1)
      } else if layout.hasPorts || frame.protocol.isIPv6Extension {
        outcome.isOutOfReach = true
      }
    }
    guard !change.isEmpty, let offset = layout.checksumOffset else { return }
    let field = start + offset
    guard field + 2 <= end else {
      // Of a datagram that begins in so short a fragment, the field is in the next one.
      if frame.moreFragments { outcome.isOutOfReach = true }
      return
    }
    let old = try uint16(at: field)
    let new: UInt16
    if isPartial(frame, old) {
      new = pseudoHeader.applied(toPartial: old)
    } else {
      new = layout.isUDP ? change.applied(toUDP: old) : change.applied(to: old)
    }
    if old != new {
      edit.transportChecksum = .init(offset: field, value: new)
      edit.reach(field + 2)
    }
  }

  /// Whether the checksum field holds the sum of the pseudo-header alone.
  private borrowing func isPartial(_ frame: DecodedFrame, _ field: UInt16) -> Bool {
    switch checksumState {
    case .partial: return true
    case .verified: return false
    case .unknown:
      // As a capture has it, without a word; a fragment is not left to a device.
      guard !frame.isFragment, frame.hasTransportHeader,
        field == frame.pseudoHeaderSum.folded, frame.transport != .icmp
      else { return false }
      return !frame.isVerifiable || transportChecksumResult(frame) == .partial
    }
  }
}

/// Where a transport header has its ports and its checksum.
private struct TransportLayout {
  var hasPorts = false
  var isUDP = false
  var checksumOffset: Int?

  init(_ frame: DecodedFrame) {
    switch (frame.protocol, frame.network) {
    case (.udp, _), (.udpLite, _): (hasPorts, isUDP, checksumOffset) = (true, true, 6)
    case (.tcp, _): (hasPorts, checksumOffset) = (true, 16)
    // Of IPv4, ICMP sums no addresses.
    case (.icmpv6, .ipv6): checksumOffset = 2
    default: break
    }
  }
}
