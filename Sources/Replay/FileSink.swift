// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Pcap
import Wire

/// Writes every packet to a capture file, which takes its link type from the first input.
///
/// The file is made when the first input is open, so an input that cannot be read destroys no
/// output, and its resolution is the finest of the inputs.
struct FileSink: PacketSink, ~Copyable {
  private let path: String
  private var resolution: TimeResolution
  private var writer: CaptureWriter?

  init(path: String, resolution: TimeResolution) {
    self.path = path
    self.resolution = resolution
  }

  mutating func begin(
    _ linkType: LinkType, _ resolution: TimeResolution, file: String
  ) throws(PcapError) {
    if writer == nil {
      if resolution == .nano { self.resolution = .nano }
      writer = try CaptureWriter(path: path, linkType: linkType, resolution: self.resolution)
    } else if let first = writer?.linkType, first != linkType {
      throw PcapError(
        .mixedLinkTypes(message: "\(linkType.name) after \(first.name)"), file: file)
    }
  }

  mutating func take(_ packet: consuming Packet, _ frame: DecodedFrame) throws(PcapError) {
    try writer?.write(packet)
  }

  mutating func flush() throws(PcapError) { try writer?.flush() }

  mutating func finish() throws(PcapError) { try writer?.close() }

  var written: (packets: Int, bytes: Int)? {
    switch writer {
    case .some(let writer): (writer.packetCount, writer.byteCount)
    case .none: nil
    }
  }
}
