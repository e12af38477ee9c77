// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import InternetStack
import Libpcap
import Mbufs
import Pcap
import SocketBuffers
import TestSupport
import Testing
import Wire

/// The example of README.md, compiled and run, and compared with what is printed there.
struct ReadmeExampleTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test func keepsTheAnswersOfACapture() throws {
    let capture = Self.root.appendingPathComponent("Captures/dns.pcap").path
    let answers = FileManager.default.temporaryDirectory
      .appendingPathComponent("readme-\(UUID().uuidString).pcap").path
    defer { try? FileManager.default.removeItem(atPath: answers) }

    // shown: begin
    let pool = MbufPool(clusterLimit: 256)
    var stack = InternetStack(addresses: [InterfaceAddress(IPv4Address(10, 99, 1, 2))], seed: 1)
    let socket = try stack.bindCatchAll()
    var reader = try CaptureReader(path: capture, filter: "udp port 53")
    var writer = try CaptureWriter(
      path: answers, linkType: reader.linkType, resolution: reader.resolution)
    var byteCount = 0
    while let packet = try reader.next(into: pool) {
      let frame = packet.decoded()
      guard frame.sourcePort == 53 else { continue }
      try writer.write(packet)
      stack.input(packet, frame)
      while let answer = stack.receive(socket) { byteCount += answer.packet.byteCount }
    }
    try writer.close()
    print("\(writer.packetCount) answers, \(byteCount) bytes read, \(pool.outstanding) mbufs left")
    // shown: end

    #expect(reader.packetCount == 53)
    #expect(writer.packetCount == 26)
    // The first half of a datagram, which is held.
    #expect(pool.outstanding == 1)
    #expect(byteCount == 2_785 && stack.statistics.delivered == 17)
    #expect(stack.statistics.dropped[.notForUs] == 8)
    #expect(stack.statistics.held == 1)
    let again = try CaptureReader(path: answers, filter: "src port 53")
    #expect(countOfFrames(again) == writer.packetCount)
  }

  @Test func isWhatTheReadmeShows() throws {
    let example = try #require(try shownCode(in: #filePath).first)
    #expect(try codeBlocks(of: "README.md").contains(example))
  }

  private func countOfFrames(_ reader: consuming CaptureReader) -> Int {
    while reader.nextFrame() != nil {}
    return reader.packetCount
  }
}
