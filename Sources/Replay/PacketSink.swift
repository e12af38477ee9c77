// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Pcap
import Wire

/// Where a replay's packets go, one by one.
///
/// A sink accepts a packet by returning; what becomes of it then is the sink's to count.
protocol PacketSink: ~Copyable {
  /// Learns what the packets of the next input are.
  ///
  /// - Throws: `PcapError` if they cannot go where the earlier ones went.
  mutating func begin(
    _ linkType: LinkType, _ resolution: TimeResolution, file: String
  ) throws(PcapError)

  /// Takes a packet, which ends here or lives on with the sink, and what its headers say.
  ///
  /// - Throws: `PcapError` if the output cannot go on.
  mutating func take(_ packet: consuming Packet, _ frame: DecodedFrame) throws(PcapError)

  /// Puts out what was taken so far, since the next packet may be long in coming.
  mutating func flush() throws(PcapError)

  /// Ends the output.
  mutating func finish() throws(PcapError)

  /// Packets that went no further than the sink, by reason.
  var drops: [(reason: String, count: Int)] { get }

  /// What has reached the output, where that can be less than was taken; nil if it cannot.
  var written: (packets: Int, bytes: Int)? { get }
}

extension PacketSink where Self: ~Copyable {
  mutating func begin(
    _ linkType: LinkType, _ resolution: TimeResolution, file: String
  ) throws(PcapError) {}
  mutating func flush() throws(PcapError) {}
  mutating func finish() throws(PcapError) {}
  var drops: [(reason: String, count: Int)] { [] }
  var written: (packets: Int, bytes: Int)? { nil }
}

/// Frees every packet.
struct NullSink: PacketSink {
  mutating func take(_ packet: consuming Packet, _ frame: DecodedFrame) {}
}
