// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import Mbufs

@Suite struct TrimTests {
  @Test func front() throws {
    try forEveryChain(with: { Array(0...$0) }) { _, packet, model, count in
      packet.trimFront(count)
      model.trimFront(count)
    }
  }

  @Test func back() throws {
    try forEveryChain(with: { Array(0...$0) }) { _, packet, model, count in
      packet.trimBack(count)
      model.trimBack(count)
    }
  }
}
