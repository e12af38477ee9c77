// SPDX-License-Identifier: BSD-2-Clause
import Reports
import Testing

@testable import UMA

@Suite struct VmstatReportTests {
  private func zone(_ name: String, _ byteCount: Int, _ limit: Int) -> ZoneStatistics {
    ZoneStatistics(
      name: name, itemByteCount: byteCount, limitInItems: limit, inUse: 10, cached: 4, free: 6,
      total: 20, allocations: 15, frees: 5, denials: 1, sleeps: 2, slabCount: 1,
      slabByteCount: 4_096)
  }

  @Test func theColumnsStandAsVmstatHasThem() {
    var large = zone("mbuf_cluster", 2_048, 1_000)
    (large.inUse, large.allocations) = (12_345_678, 1_234_567_890)
    (large.denials, large.sleeps) = (12_345, 0)
    let long = zone("a name of more than twenty letters", 16, 0)
    #expect(
      VmstatReport([zone("mbuf", 256, 0), large, long]).text == """
        ITEM                   SIZE  LIMIT     USED     FREE      REQ FAIL SLEEP

        mbuf:                   256,      0,      10,      10,      15,   1,   2
        mbuf_cluster:          2048,   1000,12345678,      10,1234567890,12345,   0
        a name of more than twenty letters:     16,      0,      10,      10,      15,   1,   2

        """)
  }

  @Test func theZonesOfTheProcessAreShownUnlessOthersAreGiven() throws {
    let name = "shown \(UInt32.random(in: 0...UInt32.max))"
    let zone = Zone(name: name, itemByteCount: 1_024)
    zone.limitInItems = 77
    let line = try #require(
      VmstatReport().text.split(separator: "\n").first { $0.hasPrefix("\(name):") })
    #expect(line.filter { $0 != " " }.hasSuffix(":1024,77,0,0,0,0,0"))
    #expect(zone.destroy() == 0)
    #expect(!VmstatReport().text.contains(name))
  }

  @Test func jsonHasTheseColumnsAndAllElse() {
    var zone = zone("mbuf", 256, 50)
    zone.strideByteCount = 260
    zone.pageCount = 1
    zone.flags = [.hash, .full]
    zone.limitInForce = 48
    zone.reserveInItems = 2
    zone.itemsAboveLimit = 3
    zone.bucketCapacity = 6
    zone.inDepot = 1
    zone.workingSet = 7
    zone.threadCaches = [ThreadCacheStatistics(thread: 9, allocations: 8, frees: 5, cached: 3)]
    zone.denialsByReason = [.cancelled: 1, .limitReached: 0]
    zone.sleepers = 4
    zone.lockAcquisitions = 11
    #expect(
      zone.json.text == #"{"item":"mbuf","size_bytes":256,"limit_items":50,"used_items":10,"#
        + #""cached_items":4,"free_items":6,"total_items":20,"requests":15,"frees":5,"#
        + #""failures":1,"slabs":1,"slab_bytes":4096,"sleeps":2,"sleepers":4,"#
        + #""failures_by_reason":{"limit_reached":0,"cancelled":1},"stride_bytes":260,"#
        + #""pages":1,"flags":["hash","full"],"limit_in_force_items":48,"reserve_items":2,"#
        + #""above_limit_items":3,"bucket_items":6,"shelved_items":1,"working_set_items":7,"#
        + #""lock_acquisitions":11,"threads":[{"thread":9,"requests":8,"frees":5,"#
        + #""cached_items":3}]}"#)
  }
}
