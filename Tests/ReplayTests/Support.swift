// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Libpcap
import Mbufs
import Pcap
import TestSupport
import Wire

@testable import Replay

extension TemporaryFolder {
  /// Writes a capture of `frames` and gives its path.
  func capture(
    _ name: String, _ frames: [Frame], linkType: LinkType = .ethernet,
    resolution: TimeResolution = .micro
  ) throws -> String {
    let pool = MbufPool()
    var writer = try CaptureWriter(
      path: file(name), linkType: linkType, resolution: resolution)
    for frame in frames {
      var packet = unsafe try pool.packet(copying: frame.bytes.span.bytes)
      var header = PacketHeader()
      header.timestampInNanoseconds = frame.time
      header.wireByteCount = frame.wireByteCount ?? frame.bytes.count
      packet.header = header
      try writer.write(packet)
    }
    try writer.close()
    return file(name)
  }
}

/// What goes into a capture.
struct Frame {
  var bytes: [UInt8]
  var time: Int64 = 1_700_000_000_000_000_000
  var wireByteCount: Int?

  /// A UDP datagram over IPv4 and Ethernet, from 10.0.0.1 to 10.0.0.2, with right checksums.
  static func udp(port: UInt16 = 53, payload: [UInt8] = [1, 2, 3, 4]) -> Frame {
    let length = 8 + payload.count
    var ip: [UInt8] =
      [0x45, 0] + (20 + length).twoBytes + [0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    ip.replaceSubrange(10..<12, with: checksum(ip))
    var udp = 40_000.twoBytes + Int(port).twoBytes + length.twoBytes + [0, 0] + payload
    let pseudo = ip[12..<20] + [0, 17] + length.twoBytes
    udp.replaceSubrange(6..<8, with: checksum(pseudo + udp))
    return Frame(bytes: [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0] + ip + udp)
  }

  /// A frame whose type belongs to nobody.
  static func other(byteCount: Int) -> Frame {
    let header: [UInt8] = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]
    return Frame(bytes: header + [UInt8](repeating: 0x5a, count: byteCount - header.count))
  }

  /// RFC 1071, as it stands there.
  private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var sum = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      sum += Int(bytes[index]) << 8 | (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return (~sum & 0xffff).twoBytes
  }
}

extension Int {
  /// The lower 16 bits, most significant byte first.
  fileprivate var twoBytes: [UInt8] { [UInt8(self >> 8 & 0xff), UInt8(self & 0xff)] }
}

/// Where a replay of captures goes.
enum Goal {
  case null
  case file(String)
  case stack
}

extension ReplayPlan {
  /// Plans a replay of capture files.
  init(
    inputs: [String], filter: String? = nil, destination: Goal = .null,
    loopCount: Int = 1, limit: Int? = nil, verifies: Bool = false
  ) {
    var path: String?
    if case .file(let output) = destination { path = output }
    let files = CaptureFiles(inputs, filter: filter, output: path)
    var sink = ReplayPlan.Destination.null
    if case .stack = destination { sink = .stack }
    if let output = files.output { sink = .output(output) }
    self.init(
      inputs: files.inputs, destination: sink, loopCount: loopCount, limit: limit,
      verifies: verifies)
  }
}

/// Runs a plan with a pool of its own, which must be empty afterwards.
func run(
  _ plan: ReplayPlan, clusterLimit: Int = 65_536, control: ReplayControl = ReplayControl()
) -> ReplayReport {
  let pool = MbufPool(clusterLimit: clusterLimit)
  let report = Replay(plan, pool: pool, control: control).run()
  precondition(pool.outstanding == 0, "\(pool.outstanding) mbufs are still out")
  pool.checkInvariants()
  return report
}
