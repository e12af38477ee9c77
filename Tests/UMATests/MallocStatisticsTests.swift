// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import UMA

@Suite struct MallocStatisticsTests {
  @Test func typesCountWhatTheyAreAskedFor() throws {
    let memory = SizeClassAllocator()
    let (one, other) = (MallocType("one", limitInBytes: 70_000), MallocType("other"))
    let items = try [10, 200, 201, 4_097].map {
      try SizeClassAllocatorTests.take($0, one, from: memory)
    }
    #expect(
      one.statistics()
        == MallocStatistics(
          name: "one", inUse: 4, bytesInUse: 16 + 256 + 256 + 8_192,
          highBytes: 16 + 256 + 256 + 8_192, requests: 4, denials: 0, limitInBytes: 70_000,
          sizes: [16, 256, 8_192]))
    for item in items.prefix(3) { unsafe memory.free(item.address, type: one) }
    let run = try? SizeClassAllocatorTests.take(66_000, one, from: memory)
    #expect(run == nil)
    unsafe memory.free(items[3].address, type: one)
    let large = try SizeClassAllocatorTests.take(66_000, one, from: memory)
    #expect(
      one.statistics()
        == MallocStatistics(
          name: "one", inUse: 1, bytesInUse: 69_632, highBytes: 69_632, requests: 5, denials: 1,
          limitInBytes: 70_000, sizes: [16, 256, 8_192, 131_072]))
    unsafe memory.free(large.address, type: one)
    #expect(one.statistics().highBytes == 69_632 && one.statistics().bytesInUse == 0)
    #expect(other.statistics().requests == 0 && other.statistics().sizes == [])
    let known = MallocType.all.filter { $0 === one || $0 === other }
    #expect(known.map(\.name) == ["one", "other"])
  }

  @Test func theTableIsThatOfVmstat() {
    let types = [
      MallocStatistics(
        name: "session", inUse: 12, bytesInUse: 3_072, highBytes: 4_000, requests: 45, denials: 0,
        limitInBytes: 0, sizes: [16, 256]),
      MallocStatistics(
        name: "never", inUse: 0, bytesInUse: 0, highBytes: 0, requests: 0, denials: 0,
        limitInBytes: 0, sizes: []),
      MallocStatistics(
        name: "a rather long name", inUse: 1, bytesInUse: 1, highBytes: 1_234_567_890,
        requests: 12_345_678_901, denials: 9, limitInBytes: 0, sizes: [4_096]),
    ]
    #expect(
      MallocStatistics.table(of: types) == """
                      Type InUse MemUse  HighUse    Requests  Size(s)
                   session    12     3K       4K          45  16,256
        a rather long name     1     1K 1205633K 12345678901  4096

        """)
    let head = "         Type InUse MemUse HighUse Requests  Size(s)\n"
    #expect(MallocStatistics.table(of: []) == head)
  }
}
