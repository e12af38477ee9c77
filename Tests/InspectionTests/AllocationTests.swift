// SPDX-License-Identifier: BSD-2-Clause
import CMallocCount
import Testing
import Wire

@testable import Inspection

/// Looking at a frame allocates nothing on the heap.
///
/// The count is of the whole process, so each case runs in one of its own. A debug build boxes what a
/// release build keeps in registers, so there nothing is asserted.
@Suite struct AllocationTests {
  @Test func aFrameThatIsCountedAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      var summary = CaptureSummary(talkerCapacity: 2)
      let frames = [
        Frames.udp(), Frames.tcp([1]).flipped(at: 54), Frames.icmpv6(), [1, 2, 3], Frames.arp,
        Frames.udp(from: IPv4Address(10, 0, 0, 9)),
      ]
      func countAll(_ times: Int) {
        for time in 0..<times {
          for frame in frames { summary.count(frame, at: Int64(time % 7)) }
        }
      }
      countAll(10)
      let before = mbuma_malloc_count()
      countAll(10_000)
      let count = mbuma_malloc_count() - before
      summary.checkInvariants()
      print("\(count) allocations for \(10_000 * frames.count) frames")
      #if !DEBUG
        precondition(before < 0 || count == 0, "\(count) allocations")
      #endif
    }
  }

  @Test func aFrameThatIsDumpedAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      var style = DumpStyle()
      style.showsLink = true
      style.isVerbose = true
      style.bytes = .hexAndText
      var line = DumpLine(style)
      var object = DumpObject()
      let frames = [
        Frames.udp(), Frames.tcp([1], options: [UInt8](hex: "020405b4")).flipped(at: 54),
        Frames.icmp(), Frames.icmpv6(135), Frames.arp, Frames.ethernet(0x88cc, [1, 2]),
      ]
      func writeAll(_ times: Int) {
        for time in 0..<times {
          for bytes in frames {
            let frame = InspectedFrame(
              bytes: bytes.raw, number: time, timestampInNanoseconds: Int64(time),
              wireByteCount: bytes.count, linkType: .ethernet)
            line.write(frame)
            object.write(frame)
          }
          line.text.removeAll()
          object.text.removeAll()
        }
      }
      writeAll(10)
      let before = mbuma_malloc_count()
      writeAll(1_000)
      let count = mbuma_malloc_count() - before
      print("\(count) allocations for \(1_000 * frames.count) frames")
      #if !DEBUG
        precondition(before < 0 || count == 0, "\(count) allocations")
      #endif
    }
  }
}
