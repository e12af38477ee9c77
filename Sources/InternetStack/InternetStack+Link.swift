// SPDX-License-Identifier: BSD-2-Clause
//
// Which protocol a frame goes to, by its network layer: IPv4 to `ipInput`, all else to a reason.
//
// ARP belongs here: `linkInput` gives a frame whose network is `.arp` to a step of its own, which reads
// an `ARPHeader` (Wire) at `networkOffset`. What that takes for itself is neither delivered nor dropped:
// the steps and `input`, which return nil for delivered, need a third answer, and `StackStatistics` and
// `StackSink` a count in their equations. An answer needs output by link, which is not there yet:
// `output` gives IP datagrams, interfaces have no link address, and a host takes raw IP alone
// (InternetStack+Output.swift, InterfaceAddress.swift, StackHost.swift).
import Mbufs
import Wire

extension InternetStack {
  /// Gives a frame to the protocol of its network layer.
  ///
  /// Headers stay on the packet until a socket takes it: the decoded frame says where each begins.
  ///
  /// BSD: `ether_demux`, `looutput`.
  @inline(__always)
  mutating func linkInput(_ packet: consuming Packet, _ frame: DecodedFrame) -> DropReason? {
    guard frame.network == .ipv4 else { return frame.reasonForNoIPv4 }
    return ipInput(packet, frame)
  }
}

extension DecodedFrame {
  /// Why a frame in which no IPv4 was found goes no further.
  fileprivate var reasonForNoIPv4: DropReason {
    if flags.contains(.badLinkLength) { return .malformedLink }
    switch network {
    case .arp: return .unsupportedARP
    case .ipv6: return .unsupportedIPv6
    // The walk stopped before the network header.
    case .none: return link == .raw ? .short : .malformedLink
    case .ipv4, .other: break
    }
    switch link {
    case .unsupported: return .unsupportedLinkType
    case .raw: return .badVersion
    default: return etherType == .reverseARP ? .unsupportedARP : .unsupportedNetwork
    }
  }
}
