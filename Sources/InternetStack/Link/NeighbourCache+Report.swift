// SPDX-License-Identifier: BSD-2-Clause
import BasicContainers
import Mbufs
import Wire

extension NeighbourCache {
  /// Packets that were dropped for want of room, or refused.
  var droppedPacketCount: Int { statistics.droppedPackets }

  /// What is known of a neighbour at a time.
  func report(for address: IPv6Address, on interface: UInt32, now: Int64) -> NeighbourReport? {
    slot(of: Neighbour.Key(address: address, interface: interface)).map { report($0, now) }
  }

  private func report(_ slot: Int, _ now: Int64) -> NeighbourReport {
    var state = slots[slot].state
    if state == .reachable, now >= slots[slot].until { state = .stale }
    return NeighbourReport(
      address: slots[slot].key.address, interface: slots[slot].key.interface,
      link: slots[slot].hasLink ? slots[slot].link : nil, state: state,
      isRouter: slots[slot].isRouter,
      reachableUntil: state == .reachable ? slots[slot].until : nil,
      heldPacketCount: slots[slot].packets.packetCount)
  }

  /// Shows each neighbour, in no order that means anything.
  ///
  /// BSD: `lltable_foreach_lle`.
  func forEach(now: Int64, _ body: (NeighbourReport) -> Void) {
    for slot in slots.indices where slots[slot].isPresent { body(report(slot, now)) }
  }

  /// Traps if an entry contradicts itself, is in a wrong list, or cannot be found.
  func checkInvariants() {
    index.checkInvariants()
    ages.checkInvariants()
    timers.checkInvariants()
    var present = 0
    var permanent = 0
    var held = 0
    for slot in slots.indices {
      slots[slot].packets.checkInvariants()
      guard slots[slot].isPresent else {
        let isClear =
          ages.list(of: slot) == nil && timers.list(of: slot) == nil && slots[slot].packets.isEmpty
        precondition(isClear, "the free slot \(slot) is in use")
        continue
      }
      present += 1
      let state = slots[slot].state
      if state == .permanent { permanent += 1 }
      let key = slots[slot].key
      let count = slots[slot].packets.packetCount
      held += count
      precondition(self.slot(of: key) == slot, "\(key.address) in slot \(slot) is not found")
      precondition(
        (state == .incomplete) == (count > 0) && count <= packetLimitOfEntry,
        "\(key.address) is \(state) with \(count) packets of \(packetLimitOfEntry)")
      let lists: (age: Int?, timer: Int?) =
        switch state {
        case .permanent: (nil, nil)
        case .failed: (Age.failed, nil)
        case .incomplete: (Age.waiting, Timer.retransmit)
        case .reachable, .stale: (Age.resolved, nil)
        case .delay: (Age.resolved, Timer.delay)
        case .probe: (Age.resolved, Timer.retransmit)
        }
      precondition(
        ages.list(of: slot) == lists.age && timers.list(of: slot) == lists.timer,
        "\(key.address) is \(state) and in other lists")
    }
    precondition(
      present == entryCount && present + freeCount == slots.count
        && present - permanent <= entryLimit,
      "\(present) of \(slots.count) slots, \(entryCount) counted, \(permanent) permanent")
    precondition(
      held == heldPacketCount && held <= packetLimit,
      "\(held) packets wait, \(heldPacketCount) counted, \(packetLimit) at most")
    let done = statistics.releasedPackets + statistics.failedPackets + statistics.droppedPackets
    precondition(
      statistics.offeredPackets == done + held,
      "\(statistics.offeredPackets) offered, \(done) gone, \(held) wait")
  }
}
