// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Libpcap
import Mbufs
import Testing
import Wire

@testable import Pcap

/// An output beside the inputs that it was made of.
@Suite struct CaptureFilesTests {
  let frames = (1...3).map { port in
    Frame(Self.udpDatagram(toPort: port) + [UInt8](repeating: 7, count: 21), time: 1_700_000_000)
  }

  /// An Ethernet frame up to its UDP payload of 21 bytes, without checksums.
  private static func udpDatagram(toPort port: UInt8) -> [UInt8] {
    [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]
      + [0x45, 0, 0, 49, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
      + [156, 64, 0, port, 0, 29, 0, 0]
  }

  private func file(
    _ frames: [Frame], _ linkType: LinkType = .ethernet, resolution: TimeResolution = .nano
  ) throws -> TemporaryFile {
    let pool = MbufPool()
    let file = try TemporaryFile()
    var writer = try CaptureWriter(path: file.path, linkType: linkType, resolution: resolution)
    for frame in frames { try writer.write(packet(frame, from: pool)) }
    try writer.close()
    return file
  }

  /// Compares an output with an input of `frames`.
  private func compare(
    _ output: TemporaryFile, _ linkType: LinkType = .ethernet, loops: Int = 1,
    packetCount: Int? = nil, filter: String? = nil
  ) throws -> PacketComparison {
    let input = try file(frames, linkType)
    return try compare(
      output, input, loops: loops, packetCount: packetCount ?? frames.count * loops, filter: filter)
  }

  /// Both files are there until it returns.
  private func compare(
    _ output: TemporaryFile, _ input: TemporaryFile, loops: Int = 1, packetCount: Int,
    filter: String? = nil
  ) throws -> PacketComparison {
    try withExtendedLifetime(input) {
      var reader = try CaptureReader(path: output.path)
      return CaptureFiles([input.path], filter: filter).compare(
        &reader, loopCount: loops, packetCount: packetCount)
    }
  }

  private func compare(
    _ output: [Frame], loops: Int = 1, packetCount: Int? = nil, filter: String? = nil
  ) throws -> PacketComparison {
    try compare(file(output), loops: loops, packetCount: packetCount, filter: filter)
  }

  private func expect(
    _ comparison: PacketComparison, after equal: Int, _ offset: Int?, _ field: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(!comparison.isIdentical, sourceLocation: sourceLocation)
    #expect(comparison.packetCount == equal, sourceLocation: sourceLocation)
    let difference = comparison.firstDifference
    #expect(difference?.packet == equal + 1, sourceLocation: sourceLocation)
    #expect(difference?.offset == offset, sourceLocation: sourceLocation)
    #expect(difference?.field.rawValue == field, sourceLocation: sourceLocation)
  }

  @Test func theSameFramesAreIdentical() throws {
    let comparison = try compare(frames)
    #expect(comparison.isIdentical)
    #expect(comparison.packetCount == 3)
    #expect(try compare(frames + frames, loops: 2).packetCount == 6)
    #expect(try compare(Array(frames.prefix(2)), packetCount: 2).isIdentical)
    #expect(try compare([frames[1]], packetCount: 1, filter: "udp dst port 2").isIdentical)
  }

  @Test func aByteThatDiffersIsFoundWhereverItIs() throws {
    for offset in frames[1].bytes.indices {
      var found = frames
      found[1].bytes[offset] ^= 0x80
      found[1].bytes[found[1].bytes.count - 1] ^= 1
      expect(try compare(found), after: 1, offset, "bytes")
    }
  }

  @Test func timeCapturedLengthAndWireLengthAreCompared() throws {
    var found = frames
    found[2].time += 1
    expect(try compare(found), after: 2, nil, "timestamp")
    found = frames
    found[0].bytes.removeLast()
    expect(try compare(found), after: 0, nil, "captured_length")
    found = frames
    found[1].wireByteCount += 1
    expect(try compare(found), after: 1, nil, "wire_length")
  }

  @Test func tooFewPacketsAndTooManyAreFound() throws {
    expect(try compare(Array(frames.prefix(2))), after: 2, nil, "count")
    expect(try compare([]), after: 0, nil, "count")
    expect(try compare(frames + [frames[0]]), after: 3, nil, "count")
    expect(try compare(frames, packetCount: 2), after: 2, nil, "count")
    // Fewer in the input than were sent.
    expect(try compare(frames, packetCount: 4), after: 3, nil, "count")
  }

  @Test func linkTypesAreCompared() throws {
    let output = try file(frames)
    #expect(try compare(output).isIdentical)
    for linkType in [LinkType.ipv4, .null, .linuxSLL] {
      let comparison = try compare(output, linkType)
      #expect(comparison.packetCount == 0)
      #expect(comparison.firstDifference == .init(packet: nil, field: .linkType))
    }
    // Also where there is no frame to be different.
    let empty = try compare(file([]), file([], .ipv4), packetCount: 0)
    #expect(empty.firstDifference?.field == .linkType)
  }

  @Test func howTheOutputEndsIsCompared() throws {
    let whole = try file(frames)
    let output = try withExtendedLifetime(whole) { try fileBytes(whole.path) }
    // Cut in the header of a record that should not be there, and in one that should.
    let header: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0]
    for extra in [1, 15, 16] {
      expect(
        try compare(TemporaryFile(output + header.prefix(extra))), after: 3, nil, "end")
    }
    expect(try compare(TemporaryFile(Array(output.dropLast()))), after: 2, nil, "end")
    // A record that cannot be one.
    let corrupt = output + [UInt8](repeating: 0xff, count: 16)
    expect(try compare(TemporaryFile(corrupt)), after: 3, nil, "end")
  }
}
