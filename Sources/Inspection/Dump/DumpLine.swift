// SPDX-License-Identifier: BSD-2-Clause
//
// A packet as a line, in tcpdump's manner but for three things: sequence numbers of TCP are absolute, as by
// -S, so that a line depends on its own packet alone; what UDP carries is never looked into; and what is
// wrong with a frame stands in brackets at the end of its line, which stays one line with -v too.
//
//     number  time  link (-e)  IP addresses and ports: transport, length  [what is wrong]
//             0x0000:  bytes (-x, -X)
//
// All that is written comes from the decoded frame, and from header views at the places that it gives,
// where it says that the header is there.

import Wire

/// Writes packets as lines into a buffer.
///
///     var line = DumpLine(DumpStyle())
///     line.write(frame)                 13:57:12.311731 IP 10.99.1.2.42239 > 10.99.2.2.53: UDP, length 28
///     … line.text.span …
///     line.text.removeAll()
public struct DumpLine: ~Copyable {
  /// How packets are shown.
  public let style: DumpStyle
  /// The lines written since it was last emptied.
  public var text = TextBuffer()

  private var first: Int64?
  private var previous: Int64?
  /// The quarter of an hour since 1970 that the offset is known for.
  private var quarter: Int64 = .min
  private var offset = 0
  /// Packets around the one that is being written.
  var level = 0

  /// Writes nothing yet.
  public init(_ style: DumpStyle) { self.style = style }

  /// Appends a frame's line.
  public mutating func write(_ frame: borrowing InspectedFrame) {
    write(frame, FrameVerdict(frame))
  }

  /// Appends the line of a frame that was looked at already, and its bytes if the style has them.
  ///
  /// - Complexity: O(bytes shown); no heap allocation once the buffer has grown, but for a frame that
  ///   cannot be decoded.
  public mutating func write(_ frame: borrowing InspectedFrame, _ verdict: FrameVerdict) {
    if style.showsNumber {
      var least = 10_000
      while frame.number < least, least > 1 {
        text.append(UInt8(ascii: " "))
        least /= 10
      }
      text.append(decimal: frame.number)
      text.append("  ")
    }
    writeTime(frame.timestampInNanoseconds)
    writeLink(frame, verdict.decoded)
    writeNetwork(frame, verdict)
    writeFaults(frame, verdict)
    text.append(UInt8(ascii: "\n"))
    if style.bytes != .none { writeBytes(frame, verdict.decoded) }
  }

  // MARK: - Time

  private mutating func writeTime(_ time: Int64) {
    switch style.time {
    case .none: return
    case .clock, .date:
      let civil = CivilTime(nanoseconds: time, offset: zoneOffset(at: time))
      if style.time == .date {
        text.append(decimal: civil.year, digits: 4)
        text.append(UInt8(ascii: "-"))
        text.append(decimal: civil.month, digits: 2)
        text.append(UInt8(ascii: "-"))
        text.append(decimal: civil.day, digits: 2)
        text.append(UInt8(ascii: " "))
      }
      writeClock(civil.hour, civil.minute, civil.second, civil.nanosecond)
    case .epoch:
      if time < 0 { text.append(UInt8(ascii: "-")) }
      let (seconds, fraction) = time.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
      text.append(decimal: Int(seconds))
      writeFraction(Int(fraction))
    case .delta, .sinceFirst:
      let base = (style.time == .delta ? previous : first) ?? time
      if first == nil { first = time }
      previous = time
      // Fits: two numbers of 64 bits are at most 2^64 - 1 apart.
      let span = time >= base ? UInt64(bitPattern: time &- base) : UInt64(bitPattern: base &- time)
      text.append(UInt8(ascii: time >= base ? " " : "-"))
      let (whole, fraction) = span.quotientAndRemainder(dividingBy: 1_000_000_000)
      let seconds = Int(whole)
      writeClock(seconds / 3_600, seconds / 60 % 60, seconds % 60, Int(fraction))
    }
    text.append(UInt8(ascii: " "))
  }

  private mutating func writeClock(_ hours: Int, _ minutes: Int, _ seconds: Int, _ fraction: Int) {
    text.append(decimal: hours, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(decimal: minutes, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(decimal: seconds, digits: 2)
    writeFraction(fraction)
  }

  private mutating func writeFraction(_ nanoseconds: Int) {
    guard style.fractionDigits > 0 else { return }
    var fraction = nanoseconds
    for _ in style.fractionDigits..<9 { fraction /= 10 }
    text.append(UInt8(ascii: "."))
    text.append(decimal: fraction, digits: style.fractionDigits)
  }

  private mutating func zoneOffset(at time: Int64) -> Int {
    let (seconds, _) = time.floored(by: 1_000_000_000)
    let (wanted, _) = seconds.floored(by: 900)
    if wanted != quarter {
      quarter = wanted
      offset = style.zoneOffset(seconds)
    }
    return offset
  }
}
