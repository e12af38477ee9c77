// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

@testable import Inspection

extension TextBuffer {
  /// The text as a string.
  var string: String { String(decoding: (0..<span.count).map { span[$0] }, as: UTF8.self) }
}

@Suite struct TextBufferTests {
  private func written(_ write: (inout TextBuffer) -> Void) -> String {
    var buffer = TextBuffer(capacity: 1)
    write(&buffer)
    return buffer.string
  }

  @Test func numbersAreThoseOfTheStandardLibrary() {
    var random = SeededRandom()
    for number in [0, 1, -1, 9, 10, .max, .min]
      + (0..<200).map({ Int.random(in: .min ... .max, using: &random) >> ($0 % 64) })
    {
      #expect(written { $0.append(decimal: number) } == "\(number)")
      let bits = UInt64(bitPattern: Int64(number))
      #expect(written { $0.append(hex: bits) } == String(bits, radix: 16))
    }
    #expect(written { $0.append(decimal: 7, digits: 3) } == "007")
    #expect(written { $0.append(decimal: 1_234, digits: 3) } == "1234")
    #expect(written { $0.append(hex: 0xabc, digits: 4) } == "0abc")
    #expect(written { $0.append(UInt8(ascii: "x"), times: -1) } == "")
  }

  @Test func whateverIsAppendedFindsRoom() {
    // From a buffer of one byte on, each way to append is the one that fills it.
    for count in 0..<40 {
      let full = String(repeating: "-", count: count)
      func room(_ write: (inout TextBuffer) -> Void) -> String {
        written {
          $0.append(UInt8(ascii: "-"), times: count)
          write(&$0)
        }
      }
      #expect(room { $0.append(UInt8(ascii: "x"), times: 2) } == full + "xx")
      #expect(room { $0.append("xy") } == full + "xy")
      #expect(room { $0.appendSlow("xyz") } == full + "xyz")
      #expect(room { $0.append(decimal: 42) } == full + "42")
      #expect(room { $0.append(IPv4Address(1, 2, 3, 4)) } == full + "1.2.3.4")
      #expect(
        room {
          var other = TextBuffer(capacity: 1)
          other.append("other")
          $0.append(other)
        } == full + "other")
    }
  }

  @Test func addressesAreWrittenAsTheyDescribeThemselves() {
    var random = SeededRandom()
    for _ in 0..<2_000 {
      // Groups of zeroes are many, so that gaps of every kind come up.
      var halves = [UInt64](repeating: 0, count: 2)
      for place in 0..<8 where random.chance(50) {
        let group = random.chance(50) ? UInt64.random(in: 0...15, using: &random) : 0xffff
        halves[place / 4] |= group << UInt64(place % 4 * 16)
      }
      let v6 = IPv6Address(high: halves[0], low: halves[1])
      #expect(written { $0.append(v6) } == v6.description)
      let v4 = IPv4Address(UInt32.random(in: .min ... .max, using: &random))
      #expect(written { $0.append(v4) } == v4.description)
      let mac = MACAddress(UInt64.random(in: 0..<1 << 48, using: &random))
      #expect(written { $0.append(mac) } == mac.description)
    }
  }
}
