// SPDX-License-Identifier: BSD-2-Clause
#if os(Linux)
  import CMallocCount
  import Mbufs
  import TestSupport
  import Testing
  import UMA

  /// What pools leave behind, in a process of their own, so that no other test's memory is measured.
  @Suite struct PoolMemoryTests {
    /// Each kept 5 KB once, and a watched one 27 KB: 2,200 of them more than 13 MB.
    @Test func poolsThatHaveEndedKeepNoMemory() async {
      if mbuma_malloc_count() < 0 {
        print("skipped: a sanitizer keeps what was freed")
        return
      }
      await #expect(processExitsWith: .success) {
        let oneAfterTheOther = { (count: Int, debugging: ZoneDebugging) in
          for _ in 0..<count {
            let pool = MbufPool(debugging: debugging)
            let packet = try pool.packet()
            precondition(packet.byteCount == 0 && pool.outstanding > 0)
          }
        }
        try oneAfterTheOther(200, [])
        try oneAfterTheOther(20, .all)
        let before = residentByteCount()
        try oneAfterTheOther(2_000, [])
        try oneAfterTheOther(200, .all)
        let kept = residentByteCount() - before
        print("resident KiB kept of 2,200 pools: \(kept >> 10)")
        #expect(kept < 1 << 20)
      }
    }
  }
#endif
