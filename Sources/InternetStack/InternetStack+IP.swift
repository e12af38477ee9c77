// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Checks what the IPv4 header says and gives the datagram to raw sockets and to its protocol.
  ///
  ///     | link | header | options | payload ......... | padding |
  ///            ^ networkOffset                        ^ networkOffset + ipTotalByteCount
  ///
  /// BSD: `ip_input`.
  @inline(__always)
  mutating func ipInput(_ packet: consuming Packet, _ frame: DecodedFrame) -> DropReason? {
    if !frame.hasPlainIPv4Header, let reason = frame.ipv4HeaderReason { return reason }
    let (source, destination) = (frame.ipv4Source, frame.ipv4Destination)
    guard !isMartian(source, to: destination) else { return .martianSource }
    guard policy.acceptsAnyDestination || isOurs(destination) else { return .notForUs }
    guard !frame.isFragment else { return .fragment }
    if sockets.rawCount > 0 { return rawThenTransport(packet, frame) }
    guard frame.protocol == .udp else { return .noProtocol }
    return udpInput(packet, frame)
  }

  /// Gives a copy to each raw socket that wants the datagram, then the datagram to its protocol.
  @inline(never)
  private mutating func rawThenTransport(
    _ packet: consuming Packet, _ frame: DecodedFrame
  ) -> DropReason? {
    let datagram = frame.networkOffset..<frame.networkOffset + frame.ipTotalByteCount
    var isTaken = false
    var lacksMemory = false
    var isRefused = false
    for index in 0..<sockets.rawCount {
      let slot = sockets.rawSlot(at: index)
      guard sockets[slot].wants(frame.protocol) else { continue }
      do throws(MbufError) {
        var copy = try packet.sharedCopy(datagram)
        // Its reader may count on a header in one piece.
        try copy.pullUp(frame.ipHeaderByteCount)
        let reason = sockets[slot].deliver(
          copy, from: Endpoint(frame.ipv4Source, 0), to: Endpoint(frame.ipv4Destination, 0))
        switch reason {
        case nil:
          isTaken = true
          statistics.rawCopies += 1
        case .noMemory: lacksMemory = true
        default: isRefused = true
        }
      } catch {
        lacksMemory = true
      }
    }
    if frame.protocol == .udp {
      let reason = udpInput(packet, frame)
      return isTaken ? nil : reason
    }
    if isTaken { return nil }
    return isRefused ? .fullSocketBuffer : lacksMemory ? .noMemory : .noProtocol
  }
}

extension DecodedFrame {
  /// Whether the IPv4 header is complete and valid, the datagram is not cut short, and this is its end.
  fileprivate var hasPlainIPv4Header: Bool {
    ipv4HeaderChecksum == .valid
      && flags.isDisjoint(with: .unacceptable)
      && hasNetworkHeader
  }

  /// What is wrong with the IPv4 header, or with the frame around it; nil if nothing is.
  @inline(never)
  fileprivate var ipv4HeaderReason: DropReason? {
    if flags.contains(.badLinkLength) { return .malformedLink }
    if ipv4HeaderChecksum == .invalid { return .badHeaderChecksum }
    guard hasNetworkHeader else {
      return switch stop?.reason {
      case .badVersion: .badVersion
      case .badHeaderLength: .badHeaderLength
      case .badLength: .badLength
      default: .short
      }
    }
    // Only a frame that a device is to segment (TSO) may have a total length of 0; none comes from a
    // link.
    if flags.contains(.openLength) { return .badLength }
    if isTruncated || stop?.layer == .ipv4 { return .short }
    // We are a stop on its way, and forward nothing; or nobody here verifies who sent it.
    if flags.contains(.routed) { return .notForUs }
    return flags.contains(.authenticated) ? .noProtocol : nil
  }
}
