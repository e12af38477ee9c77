// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
package import Mbufs
public import Wire

/// Counts of frames by what their headers say.
///
///     packets == ipv4 + ipv6 + arp + other          the outermost network layer, each frame once
///     stops   == frames whose decoding ended early, by layer and reason
public struct FrameTally: Equatable, Sendable {
  /// Checksum results counted.
  public typealias Checksums = ChecksumCounts

  /// Frames by protocol.
  public var protocols = ProtocolCounts()
  /// Results for IPv4 headers.
  public var ipv4Checksums = Checksums()
  /// Results for UDP datagrams.
  public var udpChecksums = Checksums()
  /// Frames whose headers could not be read to the end.
  public var stops: [ParseError.Stop: Int] {
    var found: [ParseError.Stop: Int] = [:]
    for (index, count) in stopCounts.enumerated() where count > 0 {
      found[ParseError.Stop(number: index)] = count
    }
    return found
  }

  /// By a stop's number; a frame that ends early is as cheap as another.
  private var stopCounts = [Int](repeating: 0, count: ParseError.Stop.count)

  /// Counts nothing yet.
  package init() {}

  /// Verifies the checksums of a packet and counts what it is.
  ///
  /// - Parameters:
  ///   - packet: the packet.
  ///   - frame: what `Packet.decoded()` said of it.
  /// - Returns: what the checksum of a UDP datagram came to; nil if it is none.
  @discardableResult
  @inline(__always)
  package mutating func count(
    _ packet: borrowing Packet, _ frame: DecodedFrame
  ) -> ChecksumResult? {
    protocols.count(frame)
    if let result = frame.ipv4HeaderChecksum { ipv4Checksums.count(result) }
    if let stop = frame.stop { note(stop) }
    guard frame.transport == .udp, let result = packet.transportChecksumResult(frame) else {
      return nil
    }
    udpChecksums.count(result)
    return result
  }

  /// Counts what a packet is without taking it apart, if there is nothing more to say of it.
  ///
  /// - Returns: nil, and nothing is counted, if there is.
  @inline(__always)
  package mutating func countPlain(_ packet: borrowing Packet) -> PlainFrame? {
    let type = LinkType(rawValue: packet.linkType)
    guard let frame = PlainFrame(packet.bytes, linkType: type) else { return nil }
    protocols.count(frame)
    ipv4Checksums.count(.valid)
    if frame == .udp { udpChecksums.count(.valid) }
    return frame
  }

  /// Counts the frames of another tally too.
  mutating func add(_ other: FrameTally) {
    protocols += other.protocols
    ipv4Checksums += other.ipv4Checksums
    udpChecksums += other.udpChecksums
    for index in stopCounts.indices { stopCounts[index] += other.stopCounts[index] }
  }

  @inline(never)
  private mutating func note(_ error: ParseError) {
    stopCounts[ParseError.Stop(error).number] += 1
  }
}
