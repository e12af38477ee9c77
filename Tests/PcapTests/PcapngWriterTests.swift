// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import Interfaces
import Libpcap
import Mbufs
import Pcap
import Testing
import Wire

/// Pcapng files as they are written; our own reader and libpcap's read them.
@Suite struct PcapngWriterTests {
  private func frame(_ byteCount: Int, _ number: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
  }

  @Test func everyLengthAndLinkTypeIsReadAgain() throws {
    let file = try TemporaryFile(suffix: ".pcapng")
    let types: [LinkType] = [.ethernet, .raw, .linuxSLL2, .ethernet, .null]
    var writer = try CaptureWriter(
      path: file.path, format: .pcapng, linkType: .ethernet, resolution: .nano)
    for number in 0..<400 {
      let bytes = frame(number % 131, number)
      try writer.write(
        unsafe CapturedFrame(
          bytes: bytes.span.bytes, timestampInNanoseconds: Int64(number) * 1_000_000_007,
          wireByteCount: bytes.count + number, linkType: types[number % types.count]))
    }
    try writer.close()
    #expect(writer.packetCount == 400)
    var reader = try CaptureReader(path: file.path)
    var count = 0
    while let found = reader.nextFrame() {
      let wanted = frame(count % 131, count)
      let isSame = unsafe found.bytes.withUnsafeBytes { unsafe Array($0) } == wanted
      #expect(isSame && found.wireByteCount == wanted.count + count)
      #expect(found.timestampInNanoseconds == Int64(count) * 1_000_000_007)
      #expect(found.linkType == types[count % types.count])
      count += 1
    }
    #expect(reader.end == .clean && count == 400)
    // One interface for each link type.
    let described = try fileBytes(file.path).windows(
      of: [9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0])
    #expect(described == 4)
  }

  @Test(arguments: [TimeResolution.micro, .nano])
  func libpcapReadsWhatHasOneLinkType(resolution: TimeResolution) throws {
    let file = try TemporaryFile(suffix: ".pcapng")
    var writer = try CaptureWriter(
      path: file.path, format: .pcapng, linkType: .raw, resolution: resolution)
    for number in 0..<50 {
      let bytes = frame(number, number)
      try writer.write(
        unsafe CapturedFrame(
          bytes: bytes.span.bytes, timestampInNanoseconds: Int64(number) * 1_000,
          wireByteCount: bytes.count, linkType: .raw))
    }
    try writer.close()
    var reader = try LibpcapReader(path: file.path)
    #expect(reader.format == .pcapng)
    var times: [Int64] = []
    while let found = reader.nextFrame() { times.append(found.timestampInNanoseconds) }
    #expect(reader.end == .clean && times == (0..<50).map { $0 * 1_000 })
  }

  @Test func whatHasNoPlaceInItIsRefused() throws {
    let file = try TemporaryFile(suffix: ".pcapng")
    var writer = try CaptureWriter(
      path: file.path, format: .pcapng, linkType: .ethernet, resolution: .micro)
    let bytes: [UInt8] = [1, 2, 3]
    func refusal(at time: Int64, _ linkType: LinkType = .ethernet) -> PcapError.Kind? {
      do throws(PcapError) {
        try writer.write(
          unsafe CapturedFrame(
            bytes: bytes.span.bytes, timestampInNanoseconds: time, wireByteCount: 3,
            linkType: linkType))
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(refusal(at: -1_000) == .timeBefore1970(nanoseconds: -1_000))
    #expect(refusal(at: 1) == .timeNotExact(nanoseconds: 1))
    let unknown = LinkType(rawValue: 70_000)
    #expect(refusal(at: 0, unknown) == .unsupportedLinkType(70_000))
    // Beyond what 32 bits of seconds hold.
    #expect(refusal(at: 9_000_000_000_000_000_000) == nil)
    try writer.close()
    #expect(writer.packetCount == 1)
    #expect(try readFrames(file.path).0.map(\.time) == [9_000_000_000_000_000_000])
  }

  @Test(arguments: Expectation.all)
  func aCaptureThatIsCopiedIntoAPcapngIsTheSame(_ expected: Expectation) throws {
    if expected.file == "odd.pcap" { return print("skipped: odd.pcap has times before 1970") }
    if expected.file.hasPrefix("ntp_be") { return print("skipped: it has times before 1970") }
    let file = try TemporaryFile(suffix: ".pcapng")
    let files = CaptureFiles([Captures.path(expected.file)], output: file.path)
    guard let input = files.inputs.first, let output = files.output,
      var source = try? input.open()
    else { return }
    let pool = MbufPool()
    var sink = try output.open(source.traits)
    var packets = PacketQueue()
    while case .more = try source.receive(upTo: 32, into: &packets, from: pool) {
      try sink.transmit(&packets)
    }
    try sink.transmit(&packets)
    try sink.finish()
    let count = sink.statistics.output.packets
    let comparison = try output.compare(loopCount: 1, packetCount: count)
    #expect(comparison?.isIdentical == true, "\(String(describing: comparison))")
    #expect(pool.outstanding == 0)
  }
}

extension [UInt8] {
  /// How often some bytes are in these.
  fileprivate func windows(of part: [UInt8]) -> Int {
    (0...Swift.max(0, count - part.count)).count { self[$0...].starts(with: part) }
  }
}
