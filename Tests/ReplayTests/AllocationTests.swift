// SPDX-License-Identifier: BSD-2-Clause
import CMallocCount
import Interfaces
import TestSupport
import Testing
import Wire

@testable import Replay

/// Replaying allocates nothing on the heap for a packet, whatever becomes of it.
///
/// The count is of the whole process, so each case runs in one of its own. A debug build boxes what
/// a release build keeps in registers, so there nothing is asserted; `mbuma bench --check` asserts
/// the same of the release build.
@Suite struct AllocationTests {
  @Test func aPacketToTheStackAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations(to: .stack)
    }
  }

  @Test func aPacketThatIsCountedAndFreedAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations(to: .null)
    }
  }

  @Test func aPacketToAFileAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      try expectNoAllocations(to: .file("/dev/null"))
    }
  }

  @Test func aPacketThatIsRewrittenAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      var rules = RewriteRules()
      rules.linkSource = .broadcast
      rules.linkMaps = [LinkMap(MACAddress(2, 0, 0, 0, 0, 2), to: MACAddress(2, 0, 0, 0, 0, 3))]
      rules.tag = .push(TagValue(identifier: 5))
      rules.prefixes = ["10.0.0.0/8"].compactMap(IPPrefix.init).compactMap { PrefixMap($0, to: $0) }
      rules.ports = [PortMap(53...53, to: 5_353)]
      rules.hops = .lower(1)
      try expectNoAllocations(to: .null, rules)
    }
  }
}

private func expectNoAllocations(to destination: Goal, _ rules: RewriteRules? = nil) throws {
  guard mbuma_malloc_count() >= 0 else {
    print("skipped: heap allocations are not counted here, under a sanitizer or on this system")
    return
  }
  #if DEBUG
    print("skipped: a debug build allocates for itself; see mbuma bench --check")
    return
  #else
    try expectAsMany(to: destination, rules)
  #endif
}

#if !DEBUG
  /// Replays 20,000 and then 40,000 frames and traps if the second run allocates more than the first.
  private func expectAsMany(to destination: Goal, _ rules: RewriteRules?) throws {
    let folder = try TemporaryFolder()
    let many: [Frame] = [
      .udp(), .other(byteCount: 60), .udp(port: 9, payload: Array(repeating: 7, count: 1_400)),
      .other(byteCount: 5_000),
    ]
    let short = try folder.capture("short.pcap", (0..<20_000).map { many[$0 % 4] })
    let long = try folder.capture("long.pcap", (0..<40_000).map { many[$0 % 4] })
    func allocations(_ path: String) -> Int {
      var plan = ReplayPlan(inputs: [path], destination: destination)
      plan.rewrite = rules
      let before = mbuma_malloc_count()
      let report = run(plan)
      precondition(report.packetsSent >= 20_000, "\(report.packetsSent) packets")
      return mbuma_malloc_count() - before
    }
    _ = allocations(short)
    let (few, more) = (allocations(short), allocations(long))
    print("\(few) allocations for 20,000 packets, \(more) for 40,000")
    // One for every 4,096 packets, where the loop comes up for air, would be seen too.
    precondition(more - few <= 4, "\(few) allocations for 20,000 packets, \(more) for 40,000")
  }
#endif
