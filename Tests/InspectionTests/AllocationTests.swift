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
}
