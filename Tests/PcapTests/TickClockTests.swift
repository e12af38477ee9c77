// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Pcap

@Suite struct TickClockTests {
  /// Spans of time and the ticks that they are; nil where those are no whole number.
  private static let spans: [(code: UInt8, span: Int128, ticks: Int128?)] = [
    (6, 1_000, 1), (6, -1_000, -1), (6, 999, nil), (9, 999, 999), (0, 3_000_000_000, 3),
    (0, 1_000_000, nil), (3, 1_000_000, 1), (10, -1, -10), (0x80, 2_000_000_000, 2),
    (0x80 + 10, 1_000_000_000, 1_024), (0x80 + 10, 976_562, nil), (0x80 + 1, -500_000_000, -1),
    (127, 0, 0), (127, 1, nil), (255, 0, 0), (38, 1_000_000_000, nil),
  ]

  @Test(arguments: spans.indices)
  func spansAreWholeTicksOrNone(_ index: Int) {
    let (code, span, ticks) = Self.spans[index]
    // Where ticks are counted from is of no matter to a span.
    for offset in [0, 5, -5, Int64.max] {
      let clock = TickClock(code: code, offsetInSeconds: offset)
      #expect(clock.ticks(spanning: span) == ticks, "code \(code), \(span) ns")
    }
  }

  /// As many ticks later it is as much later, on clocks whose ticks are no whole nanoseconds too.
  @Test func aTickAndASpanAreATimeAndASpan() {
    var random = SeededRandom()
    let codes: [UInt8] = [0, 3, 6, 9, 12, 0x80, 0x80 + 10, 0x80 + 20, 0x80 + 30]
    for code in codes {
      let clock = TickClock(code: code)
      for _ in 0..<200 {
        let ticks = UInt64.random(in: 0..<1 << 30, using: &random)
        let seconds = Int64.random(in: 0..<10_000, using: &random)
        guard let more = clock.ticks(spanning: Int128(seconds) * 1_000_000_000),
          let later = UInt64(exactly: Int128(ticks) + more)
        else {
          Issue.record("\(seconds) s by \(code)")
          continue
        }
        var isExact = true
        let time = clock.nanoseconds(ticks, &isExact)
        #expect(clock.nanoseconds(later, &isExact) == time + seconds * 1_000_000_000)
      }
    }
  }
}
