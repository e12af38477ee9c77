// SPDX-License-Identifier: BSD-2-Clause
import Synchronization
import TestSupport
import Testing

@testable import UMA

/// Counts the calls of a zone's hooks, refused ones left out, and refuses where it is told to.
final class HookCounts: Sendable {
  let constructed = Atomic<Int>(0)
  let destructed = Atomic<Int>(0)
  let imported = Atomic<Int>(0)
  let exported = Atomic<Int>(0)
  let initialized = Atomic<Int>(0)
  let finalized = Atomic<Int>(0)
  /// Calls that were refused.
  let refused = Atomic<Int>(0)
  private let constructions = Atomic<Int>(0)
  private let initializations = Atomic<Int>(0)

  /// Calls of `construct` so far, refused ones too.
  var constructCalls: Int { constructions.load(ordering: .relaxed) }

  /// Hooks that count.
  ///
  /// - Parameters:
  ///   - constructRefusal: `construct` refuses each time it has been called so often; 0 is never.
  ///   - initializeRefusal: `initialize` refuses once, at that call; 0 is never.
  ///   - preparesItems: whether the zone has `initialize`, `importItem` and what undoes them; one
  ///     that is asked for zeroed items may not.
  func hooks(constructRefusal: Int, initializeRefusal: Int, preparesItems: Bool) -> ItemHooks {
    var hooks = ItemHooks()
    unsafe hooks.construct = { _ in
      let number = self.constructions.add(1, ordering: .relaxed).newValue
      if constructRefusal > 0, number.isMultiple(of: constructRefusal) {
        self.refused.add(1, ordering: .relaxed)
        return false
      }
      self.constructed.add(1, ordering: .relaxed)
      return true
    }
    unsafe hooks.destruct = { _ in self.destructed.add(1, ordering: .relaxed) }
    guard preparesItems else { return hooks }
    unsafe hooks.initialize = { _ in
      let number = self.initializations.add(1, ordering: .relaxed).newValue
      if number == initializeRefusal {
        self.refused.add(1, ordering: .relaxed)
        return false
      }
      self.initialized.add(1, ordering: .relaxed)
      return true
    }
    unsafe hooks.finalize = { _ in self.finalized.add(1, ordering: .relaxed) }
    unsafe hooks.importItem = { _, _ in
      self.imported.add(1, ordering: .relaxed)
      return true
    }
    unsafe hooks.exportItem = { _ in self.exported.add(1, ordering: .relaxed) }
    return hooks
  }
}

/// One zone of a replayed trace, with the items that are out and how far it has parted from the
/// record.
final class TracedZone {
  let zone: Zone
  let counts: HookCounts
  /// Which of the hooks count.
  let isPrepared: (byKeg: Bool, byZone: Bool)
  /// Items with the test, each filled with its tag.
  var held: [(item: HeldItem, tag: UInt64)] = []
  /// Our allocations and frees less the recorded ones; both 0 as long as we go with the record.
  var allocationsAhead = 0
  var freesAhead = 0
  private var lastTag: UInt64 = 0

  init(_ zone: Zone, _ counts: HookCounts, byKeg: Bool, byZone: Bool) {
    self.zone = zone
    self.counts = counts
    isPrepared = (byKeg, byZone)
  }

  var isWithRecord: Bool { allocationsAhead == 0 && freesAhead == 0 }

  func hold(_ item: HeldItem) {
    lastTag += 1
    filledPart(item).fill(lastTag, byteCount: filledByteCount)
    held.append((item, lastTag))
  }

  /// Picks an item and checks that nobody wrote to it.
  func letGo(_ random: inout SeededRandom) -> HeldItem {
    let (item, tag) = held.remove(at: Int.random(in: 0..<held.count, using: &random))
    #expect(filledPart(item).isFilled(tag, byteCount: filledByteCount), "item of \(zone.name)")
    return item
  }

  /// The first word of a packet's mbuf is its cluster's address.
  private var headByteCount: Int { zone.name == "mbuf_packet" ? 8 : 0 }
  private var filledByteCount: Int { zone.layout.itemByteCount - headByteCount }

  private func filledPart(_ item: HeldItem) -> HeldItem {
    unsafe HeldItem(item.address + headByteCount)
  }
}
