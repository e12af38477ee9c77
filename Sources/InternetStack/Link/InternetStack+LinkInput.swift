// SPDX-License-Identifier: BSD-2-Clause
//
// Which protocol a frame goes to, by its network layer. Frames for other hosts end here, where the
// interface has a link address to tell them by.
import Interfaces
import Mbufs
import Wire

extension InternetStack {
  /// Gives a frame to the protocol of its network layer.
  ///
  /// Headers stay on the packet until a socket takes it: the decoded frame says where each begins.
  ///
  /// BSD: `ether_demux`, `looutput`.
  @inline(__always)
  mutating func linkInput(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID
  ) -> Outcome {
    if interfaces[Int(interface.index)].hardwareAddress != nil,
      isForAnother(packet, frame, on: interface)
    {
      return .dropped(.otherHost)
    }
    switch frame.network {
    case .ipv4: return ipv4Input(packet, frame, on: interface)
    case .ipv6: return ipv6Input(packet, frame, on: interface)
    case .arp: return arpInput(packet, frame, on: interface)
    case .none, .other: return .dropped(frame.reasonForNoNetwork)
    }
  }

  /// Whether the frame's link header names another host.
  private func isForAnother(
    _ packet: borrowing Packet, _ frame: DecodedFrame, on interface: InterfaceID
  ) -> Bool {
    guard let destination = packet.linkDestination(frame) else { return false }
    return !destination.isMulticast
      && destination != interfaces[Int(interface.index)].hardwareAddress
  }

  /// Whether a frame came to more than this host, as its link header says: nothing about it is answered
  /// with an error (RFC 1122, 3.2.2).
  func isToMany(_ packet: borrowing Packet, _ frame: DecodedFrame) -> Bool {
    packet.linkDestination(frame)?.isMulticast ?? false
  }
}

extension Packet {
  /// The outer VLAN tag: of the frame, or of one that was taken off before; 0 is none.
  borrowing func vlanTag(_ frame: DecodedFrame) -> UInt16 {
    frame.tags.count > 0 ? frame.vlanTag : header.vlanTag
  }

  /// Whom an Ethernet frame is for; nil for others.
  @inline(__always)
  borrowing func linkDestination(_ frame: DecodedFrame) -> MACAddress? {
    guard frame.link == .ethernet || frame.link == .length else { return nil }
    if contiguousByteCount >= EthernetHeader.byteCount {
      return EthernetHeader(bytes, at: 0).destination
    }
    return linkDestinationSlow
  }

  /// The same, of a frame whose first segment is shorter than its header.
  private var linkDestinationSlow: MACAddress? {
    @inline(never) borrowing get {
      guard let high = try? uint16(at: 0), let low = try? uint32(at: 2) else { return nil }
      return MACAddress(UInt64(high) << 32 | UInt64(low))
    }
  }
}

extension DecodedFrame {
  /// The outer VLAN tag, as a packet header keeps it; 0 is none.
  var vlanTag: UInt16 { tags.count > 0 ? tags.outerControl : 0 }

  /// Why a frame in which neither IP nor ARP was found goes no further.
  fileprivate var reasonForNoNetwork: DropReason {
    if flags.contains(.badLinkLength) { return .malformedLink }
    switch network {
    // The walk stopped before the network header.
    case .none: return link == .raw ? .short : .malformedLink
    case .ipv4, .ipv6, .arp, .other: break
    }
    switch link {
    case .unsupported: return .unsupportedLinkType
    case .raw: return .badVersion
    default: return etherType == .reverseARP ? .unsupportedARP : .unsupportedNetwork
    }
  }
}
