// SPDX-License-Identifier: BSD-2-Clause

/// What a comparison of two captures found.
///
/// Frames are compared in order: their bytes, times, captured and wire lengths; and before them
/// the link types. Neither file is held in memory. Formats and resolutions may differ: a pcapng
/// and the pcap made from it are identical if every frame and time is.
public struct CaptureComparison: Equatable, Sendable {
  /// What may differ.
  public enum Field: String, Sendable, CaseIterable {
    /// How the frames begin.
    case linkType
    /// A frame is there in one capture and not in the other.
    case packetCount
    /// When the frame was seen.
    case timestamp
    /// Bytes captured.
    case capturedByteCount
    /// Bytes on the wire.
    case wireByteCount
    /// The bytes.
    case bytes
    /// The second capture does not end cleanly.
    case end
  }

  /// The first place where two captures differ.
  public struct Difference: Equatable, Sendable {
    /// The frame, counted from 1; 0 if it is not a frame that differs.
    public let packet: Int
    /// The first byte that differs, counted from 0 in the frame; 0 for other fields.
    public let offset: Int
    /// What differs.
    public let field: Field
  }

  /// Frames compared and found the same.
  public let packetCount: Int
  /// Nil if the captures are identical.
  public let firstDifference: Difference?

  /// Whether nothing differs.
  public var isIdentical: Bool { firstDifference == nil }

  /// Compares two files.
  ///
  /// - Throws: `PcapError` if one cannot be opened.
  public init(of expected: String, with actual: String) throws(PcapError) {
    var expected = try CaptureReader(path: expected)
    var actual = try CaptureReader(path: actual)
    self.init(of: &expected, with: &actual)
  }

  /// Compares what two readers still have to give.
  ///
  /// How the first one ends does not matter, since what is cut off cannot be in the second.
  ///
  /// - Parameters:
  ///   - expected: what should be there; its filter counts.
  ///   - actual: what is there.
  ///   - limit: the most frames to compare.
  public init(
    of expected: inout CaptureReader, with actual: inout CaptureReader, upTo limit: Int = .max
  ) {
    var same = 0
    var difference: Difference?
    if expected.linkType != actual.linkType {
      difference = Difference(packet: 0, offset: 0, field: .linkType)
    }
    while difference == nil, same < limit {
      guard let first = expected.nextFrame() else { break }
      guard let second = actual.nextFrame() else {
        difference = Difference(packet: same + 1, offset: 0, field: .packetCount)
        break
      }
      difference = first.difference(from: second, numbered: same + 1)
      if difference == nil { same += 1 }
    }
    packetCount = same
    firstDifference = difference ?? Self.rest(of: &actual, same)
  }

  /// What is wrong with a capture of which all frames wanted were read: more frames, or a bad end.
  private static func rest(of reader: inout CaptureReader, _ same: Int) -> Difference? {
    if let _ = reader.nextFrame() {
      return Difference(packet: same + 1, offset: 0, field: .packetCount)
    }
    return reader.end == .clean ? nil : Difference(packet: 0, offset: 0, field: .end)
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
  /// - Returns: nil if nothing differs.
  public borrowing func difference(
    from other: borrowing CapturedFrame, numbered packet: Int
  ) -> CaptureComparison.Difference? {
    func found(_ field: CaptureComparison.Field, _ offset: Int = 0) -> CaptureComparison.Difference
    {
      CaptureComparison.Difference(packet: packet, offset: offset, field: field)
    }
    if !isSameTime(timestampInNanoseconds, other.timestampInNanoseconds) {
      return found(.timestamp)
    }
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
