// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces

/// Captures compared frame by frame; neither file is held in memory.
///
/// Formats and resolutions may differ: a pcapng and the pcap made from it are identical if every frame
/// and time is.
extension PacketComparison {
  /// Compares two files.
  ///
  /// How the first one ends does not matter, since what is cut off cannot be in the second.
  ///
  /// - Throws: `PcapError` if one cannot be opened.
  public init(of expected: String, with actual: String) throws(PcapError) {
    var expected = try CaptureReader(path: expected)
    var actual = try CaptureReader(path: actual)
    self.init()
    var times: LoopTimes?
    compare(&expected, with: &actual, upTo: .max, shifting: &times)
    finish(&actual)
  }

  /// Compares what `expected` still has to give with what comes next in `actual`, up to the first
  /// difference or until `limit` frames are the same in all.
  ///
  /// - Parameter times: what was added to the expected times, if anything; notes them.
  package mutating func compare(
    _ expected: inout CaptureReader, with actual: inout CaptureReader, upTo limit: Int,
    shifting times: inout LoopTimes?
  ) {
    // A pcapng has a type for each frame.
    if firstDifference == nil, actual.format == .pcap, expected.linkType != actual.linkType {
      firstDifference = Difference(packet: nil, field: .linkType)
    }
    while firstDifference == nil, packetCount < limit, let wanted = expected.nextFrame() {
      let number = packetCount + 1
      guard let found = actual.nextFrame() else {
        let field = actual.end == .clean ? Field.packetCount : .end
        firstDifference = Difference(packet: number, field: field)
        return
      }
      if !wanted.isTimeless { times?.note(wanted.timestampInNanoseconds) }
      firstDifference = wanted.difference(
        from: found, numbered: number, shift: wanted.isTimeless ? 0 : times?.shift ?? 0)
      if firstDifference == nil { packetCount = number }
    }
  }

  /// Compares the end: `wanted` frames must have been the same, and nothing may follow in `actual`.
  package mutating func finish(_ actual: inout CaptureReader, wanted: Int? = nil) {
    guard firstDifference == nil else { return }
    if let _ = actual.nextFrame() {
      firstDifference = Difference(packet: packetCount + 1, field: .packetCount)
    } else if actual.end != .clean {
      firstDifference = Difference(packet: packetCount + 1, field: .end)
    } else if let wanted, packetCount < wanted {
      firstDifference = Difference(packet: packetCount + 1, field: .packetCount)
    }
  }
}

extension CapturedFrame {
  /// What differs first between this frame and the one that should be the same.
  ///
  /// Times that are 2^32 seconds apart are the same: a file counts seconds in 32 bits, of either
  /// sign. So are wire lengths of 2^32 - 1 and 2^32 - 2: a packet cannot have the first.
  ///
  /// - Parameters:
  ///   - other: the frame of the other capture.
  ///   - packet: the frame's number, for the report.
  ///   - shift: what was added to this frame's time.
  /// - Returns: nil if nothing differs.
  borrowing func difference(
    from other: borrowing CapturedFrame, numbered packet: Int, shift: Int64 = 0
  ) -> PacketComparison.Difference? {
    func found(
      _ field: PacketComparison.Field, _ offset: Int? = nil
    ) -> PacketComparison.Difference {
      PacketComparison.Difference(packet: packet, offset: offset, field: field)
    }
    if !isSameTime(LoopTimes.sum(timestampInNanoseconds, shift), other.timestampInNanoseconds) {
      return found(.timestamp)
    }
    if linkType != other.linkType { return found(.linkType) }
    if bytes.byteCount != other.bytes.byteCount { return found(.capturedByteCount) }
    let limit = CapturedFrame.wireByteLimit
    if Swift.min(wireByteCount, limit) != Swift.min(other.wireByteCount, limit) {
      return found(.wireByteCount)
    }
    return firstDifference(bytes, other.bytes).map { found(.bytes, $0) }
  }
}

/// Whether two times are the same in a file that counts seconds in 32 bits, of either sign.
private func isSameTime(_ a: Int64, _ b: Int64) -> Bool {
  // Cannot wrap into equality by chance: a file's times span 2^32 seconds, under 2^63 ns.
  a == b || (a &- b).magnitude == 0x1_0000_0000 * 1_000_000_000
}

/// The first place where two runs of as many bytes differ.
private func firstDifference(_ a: RawSpan, _ b: RawSpan) -> Int? {
  var offset = 0
  while offset + 8 <= a.byteCount {
    // In bounds: eight bytes are left in both.
    let first = unsafe a.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    let second = unsafe b.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    if first != second { return offset + (first ^ second).littleEndian.trailingZeroBitCount / 8 }
    offset += 8
  }
  while offset < a.byteCount {
    let first = unsafe a.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    let second = unsafe b.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    if first != second { return offset }
    offset += 1
  }
  return nil
}
