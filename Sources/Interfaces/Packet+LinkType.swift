// SPDX-License-Identifier: BSD-2-Clause
//
// A packet under another link header:
//
//     to raw IP      | link header, tags | IP packet | padding |   -->   | IP packet |
//     to Ethernet    | link header | rest |                        -->   | 0, 0, EtherType | rest |
//
// What is behind the link header keeps its bytes. Wire length and checksum state go with them.

public import Mbufs
public import Wire

extension Packet {
  /// What a conversion came to.
  public enum LinkConversion: Equatable, Sendable {
    /// The packet has the link type wanted.
    case done
    /// There is no such header for what the packet carries; the packet is unchanged.
    case impossible
  }

  /// Takes the link header off, or puts an Ethernet header in its place.
  ///
  /// An Ethernet header gets link addresses of 0, for a rewriting to set. Raw IP has neither VLAN tags
  /// nor padding: what is behind the end that IP's own length gives goes.
  ///
  /// - Parameter wanted: raw IP under any of its numbers, or `.ethernet`; any other is possible only
  ///   for a packet that has it.
  /// - Throws: `MbufError.exhausted` if there is no headroom and no mbuf; the packet is unchanged.
  public mutating func convert(to wanted: LinkType) throws(MbufError) -> LinkConversion {
    let own = LinkType(rawValue: linkType)
    if own == wanted { return .done }
    let frame = decoded(own)
    let isIP = frame.network == .ipv4 || frame.network == .ipv6
    let offset = frame.networkOffset
    if wanted.isRaw {
      guard isIP || own.isRaw, offset < byteCount else { return .impossible }
      convertToRaw(wanted, frame)
      return .done
    }
    guard wanted == .ethernet, let headerByteCount = own.headerByteCount,
      headerByteCount < byteCount, let type = frame.typeBehindLinkHeader
    else { return .impossible }
    try convertToEthernet(type, replacing: headerByteCount)
    return .done
  }

  private mutating func convertToRaw(_ wanted: LinkType, _ frame: DecodedFrame) {
    let offset = frame.networkOffset
    let wire = wireByteCount - offset
    trimFront(offset)
    let total = frame.ipTotalByteCount
    let isPadded = frame.hasNetworkHeader && !frame.flags.contains(.openLength) && total < wire
    if isPadded, total < byteCount { trimBack(byteCount - total) }
    wireByteCount = isPadded ? total : wire
    linkType = wanted.rawValue
  }

  private mutating func convertToEthernet(
    _ type: EtherType, replacing old: Int
  ) throws(MbufError) {
    let new = EthernetHeader.byteCount
    let wire = wireByteCount - old + new
    try prepend(new)
    do throws(MbufError) {
      try pullUp(new + old)
      try makeWritable(old..<old + new)
    } catch {
      trimFront(new)
      throw error
    }
    trimFront(old)
    var bytes = mutableBytes
    let none = MACAddress(0, 0, 0, 0, 0, 0)
    EthernetHeader.Fields(destination: none, source: none, etherType: type).emit(into: &bytes)
    wireByteCount = wire
    linkType = LinkType.ethernet.rawValue
  }
}

extension DecodedFrame {
  /// What an Ethernet header would say of the bytes behind this frame's link header; nil if it is not
  /// known, or no EtherType.
  fileprivate var typeBehindLinkHeader: EtherType? {
    if tags.count > 0 { return tags.outerType }
    return network == .none || etherType.rawValue == 0 || etherType.isLength ? nil : etherType
  }
}
