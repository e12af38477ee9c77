// SPDX-License-Identifier: BSD-2-Clause
//
//     incomplete   asked at 0, 1, 2 s    failed at 3 s     everyone is asked
//     delay        5 s, then probe                         what is above may confirm meanwhile
//     probe        asked at 0, 1, 2 s    gone at 3 s       the one that had the address is asked
//
// From one question to the next a second passes by the clock that is given, also where that jumps:
// the next deadline counts from when the question was due to be sent, not from when it should have.

import BasicContainers
import Mbufs
import Wire

extension NeighbourCache {
  /// When `nextAction(now:)` has something to tell, or nil if nothing is awaited.
  var nextDeadline: Int64? {
    let retransmit = timers.first(of: Timer.retransmit).map { timers.order(of: $0) }
    let delay = timers.first(of: Timer.delay).map { timers.order(of: $0) }
    guard let retransmit else { return delay }
    return min(retransmit, delay ?? .max)
  }

  /// The next thing that is due, or nil; called again until it returns nil.
  ///
  /// BSD: `arptimer`, `nd6_llinfo_timer`.
  mutating func nextAction(now: Int64) -> NeighbourAction? {
    guard let slot = dueSlot(now) else { return nil }
    let key = slots[slot].key
    switch slots[slot].state {
    case .incomplete where slots[slot].tries < Self.multicastTryLimit:
      return solicit(slot, .incomplete, now)
    case .incomplete:
      var packets = PacketQueue()
      swap(&packets, &slots[slot].packets)
      heldPacketCount -= packets.packetCount
      statistics.failedPackets += packets.packetCount
      statistics.failures += 1
      become(.failed, slot, now)
      return .failed(key.address, interface: key.interface, packets: packets)
    case .probe where slots[slot].tries >= Self.unicastTryLimit:
      // It may have another link address by now, so it may be asked for at once.
      statistics.failures += 1
      remove(slot)
      return .failed(key.address, interface: key.interface, packets: PacketQueue())
    case .delay:
      slots[slot].tries = 0
      return solicit(slot, .probe, now)
    case .probe:
      return solicit(slot, .probe, now)
    case .reachable, .stale, .failed, .permanent:
      preconditionFailure("a timer of \(key.address), which is \(slots[slot].state)")
    }
  }

  private func dueSlot(_ now: Int64) -> Int? {
    guard let deadline = nextDeadline, deadline <= now else { return nil }
    let retransmit = timers.first(of: Timer.retransmit)
    if let retransmit, timers.order(of: retransmit) == deadline { return retransmit }
    return timers.first(of: Timer.delay)
  }

  private mutating func solicit(
    _ slot: Int, _ state: Neighbour.State, _ now: Int64
  ) -> NeighbourAction {
    slots[slot].tries += 1
    statistics.solicits += 1
    become(state, slot, now)
    let key = slots[slot].key
    return .solicit(
      key.address, interface: key.interface,
      unicastTo: state == .probe ? slots[slot].link : nil)
  }
}
