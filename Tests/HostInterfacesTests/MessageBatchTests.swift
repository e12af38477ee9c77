// SPDX-License-Identifier: BSD-2-Clause
import Testing

@testable import HostInterfaces

/// How many messages a batch makes room for.
@Suite struct MessageBatchTests {
  @Test func roomFollowsWhatComes() {
    var batch = MessageBatch(slotCount: 32)
    var rooms = [batch.expectedCount]
    // A burst: each call fills what room there is.
    for _ in 0..<5 {
      batch.expect(after: batch.expectedCount, of: batch.expectedCount)
      rooms.append(batch.expectedCount)
    }
    #expect(rooms == [2, 4, 8, 16, 32, 32])
    // As many as before, but not a batch; then one at a time, then none.
    rooms = []
    for count in [20, 20, 1, 1, 1, 1, 1, 0, 0] {
      batch.expect(after: count, of: batch.expectedCount)
      rooms.append(batch.expectedCount)
    }
    #expect(rooms == [21, 21, 10, 5, 2, 2, 2, 2, 2])
  }

  @Test func aCallThatWantedLessSaysNoMoreThanItSaw() {
    var batch = MessageBatch(slotCount: 32)
    for _ in 0..<10 { batch.expect(after: 1, of: 1) }
    let most = batch.expectedCount
    #expect(most == 32)
    var single = MessageBatch(slotCount: 1)
    single.expect(after: 0, of: 1)
    let only = single.expectedCount
    #expect(only == 1)
  }
}
