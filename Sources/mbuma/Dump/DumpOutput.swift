// SPDX-License-Identifier: BSD-2-Clause
import Inspection
import Pcap
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where `mbuma dump` puts packets: lines or JSON on standard output, or a capture.
///
/// Lines are gathered and put out together, before what comes next may have to be waited for.
struct DumpOutput: ~Copyable {
  private static let flushByteCount = 32_768

  private var line: DumpLine?
  private var object: DumpObject?
  private var writer: CaptureWriter?
  /// Packets taken.
  private(set) var count = 0
  /// Why standard output takes no more; 0 while it does.
  private(set) var reason: Int32 = 0

  /// Lines in a style.
  init(_ style: DumpStyle) { line = DumpLine(style) }

  /// JSON.
  init(showsInner: Bool) { object = DumpObject(showsInner: showsInner) }

  /// A capture.
  init(_ writer: consuming CaptureWriter) { self.writer = consume writer }

  /// Whether standard output has a reader that had enough, which is no failure.
  var isClosed: Bool { reason == EPIPE }

  /// The same of a capture on standard output that could not be written.
  static func isClosed(_ error: PcapError) -> Bool {
    error.kind == .unwritable(errno: EPIPE) && error.file == "-"
  }

  /// Takes a packet.
  ///
  /// - Throws: `PcapError` if the capture cannot be written.
  mutating func take(
    _ frame: borrowing InspectedFrame, _ verdict: FrameVerdict
  ) throws(PcapError) {
    count += 1
    line?.write(frame, verdict)
    object?.write(frame, verdict)
    try writer?.write(
      CapturedFrame(
        bytes: frame.bytes, timestampInNanoseconds: frame.timestampInNanoseconds,
        wireByteCount: frame.wireByteCount, linkType: frame.linkType), number: frame.recordNumber)
    if (line?.text.byteCount ?? object?.text.byteCount ?? 0) >= Self.flushByteCount { flushText() }
  }

  /// Puts out what was taken.
  mutating func flush() throws(PcapError) {
    flushText()
    try writer?.flush()
  }

  /// Puts out what was taken; nothing can be taken afterwards.
  mutating func close() throws(PcapError) {
    flushText()
    try writer?.close()
  }

  private mutating func flushText() {
    if let span = line?.text.span, span.count > 0 { reason = Terminal.write(span) }
    if let span = object?.text.span, span.count > 0 { reason = Terminal.write(span) }
    line?.text.removeAll()
    object?.text.removeAll()
  }
}
