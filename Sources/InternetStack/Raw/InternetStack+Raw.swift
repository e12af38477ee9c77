// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import Wire

extension InternetStack {
  /// Gives a copy to each raw socket that wants the datagram, then the datagram to its protocol.
  ///
  /// The copies share the datagram's clusters, and begin at its IP header.
  ///
  /// BSD: `rip_input`, `rip6_input`.
  @inline(never)
  mutating func rawThenTransport(
    _ packet: consuming Packet, _ frame: DecodedFrame, on interface: InterfaceID,
    as arrival: Arrival
  ) -> Outcome {
    let datagram = frame.networkOffset..<frame.networkOffset + frame.ipTotalByteCount
    let (source, destination) = (frame.sender, frame.receiver)
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
          copy, from: Endpoint(source, 0), to: Endpoint(destination, 0))
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
    let outcome = transportInput(
      packet, frame, isTakenByRaw: isTaken, on: interface, as: arrival)
    if isTaken { return .delivered }
    guard outcome == .dropped(.noProtocol) else { return outcome }
    return isRefused ? .dropped(.fullSocketBuffer) : lacksMemory ? .dropped(.noMemory) : outcome
  }

  private mutating func transportInput(
    _ packet: consuming Packet, _ frame: DecodedFrame, isTakenByRaw: Bool,
    on interface: InterfaceID, as arrival: Arrival
  ) -> Outcome {
    if frame.protocol == .udp { return udpInput(packet, frame) }
    return frame.network == .ipv4
      ? ipv4ProtocolInput(packet, frame, isTakenByRaw: isTakenByRaw)
      : ipv6ProtocolInput(
        packet, frame, isTakenByRaw: isTakenByRaw, on: interface, as: arrival)
  }
}
