// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Mbufs
import Pcap
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

    // README: begin
    let pool = MbufPool(clusterLimit: 256)
    var reader = try CaptureReader(path: capture, filter: "udp port 53")
    var writer = try CaptureWriter(
      path: answers, linkType: reader.linkType, resolution: reader.resolution)
    while let packet = try reader.next(into: pool) {
      let frame = DecodedFrame(
        lax: packet.bytes, linkType: reader.linkType, capturedByteCount: packet.byteCount,
        wireByteCount: packet.wireByteCount)
      if frame.sourcePort == 53 { try writer.write(packet) }
    }
    try writer.close()
    print("\(writer.packetCount) answers, \(pool.outstanding) mbufs with packets")
    // README: end

    #expect(reader.packetCount == 53)
    #expect(writer.packetCount == 26)
    #expect(pool.outstanding == 0)
    let again = try CaptureReader(path: answers, filter: "src port 53")
    #expect(countOfFrames(again) == writer.packetCount)
  }

  @Test func isWhatTheReadmeShows() throws {
    let source = try String(contentsOfFile: #filePath, encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let begin = try #require(lines.firstIndex { $0.hasSuffix("// README: begin") })
    let end = try #require(lines.firstIndex { $0.hasSuffix("// README: end") })
    let example = lines[(begin + 1)..<end].map { $0.dropFirst(4) }.joined(separator: "\n")
    let readme = try String(
      contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(example)\n```\n"))
  }

  private func countOfFrames(_ reader: consuming CaptureReader) -> Int {
    while reader.nextFrame() != nil {}
    return reader.packetCount
  }
}
