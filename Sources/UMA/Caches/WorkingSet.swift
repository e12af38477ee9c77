// SPDX-License-Identifier: BSD-2-Clause
//
// How many of the items that wait in a zone's depot were really needed recently.
//
//     least <= items in the depot <= most          over the interval since the last tick
//     estimate after a tick = (4 * (most - least) + estimate before) / 5
//     trimming keeps        max(estimate, items - least)
//
// `most - least` is how far the stock went up and down: so many items the zone's users took and
// gave back, and the rest lay there. What reclaim takes moves both bounds with it, so that it does
// not look like use.
//
// BSD: `uzd_imin`, `uzd_imax`, `uzd_wss`, `zone_domain_update_wss` (sys/vm/uma_core.c, FreeBSD 13).

struct WorkingSet {
  private(set) var least = 0
  private(set) var most = 0
  /// Items, from the intervals that have ended.
  private(set) var estimate = 0

  /// Takes note of a stock of `itemCount` items.
  mutating func note(_ itemCount: Int) {
    if itemCount < least { least = itemCount }
    if itemCount > most { most = itemCount }
  }

  /// Takes note that `itemCount` items were reclaimed.
  mutating func noteReclaimed(_ itemCount: Int) {
    least = Swift.max(0, least - itemCount)
    most = Swift.max(0, most - itemCount)
  }

  /// Ends the interval with a stock of `itemCount` items.
  mutating func tick(_ itemCount: Int) {
    estimate = (4 * (most - least) + estimate) / 5
    least = itemCount
    most = itemCount
  }

  /// How many items of a stock of `itemCount` trimming keeps.
  func target(_ itemCount: Int) -> Int { Swift.max(estimate, itemCount - least) }
}
