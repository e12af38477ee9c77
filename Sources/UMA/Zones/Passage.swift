// SPDX-License-Identifier: BSD-2-Clause
//
// What a thread has in hand while it moves items between the places where they rest:
//
//     slab --fill--> caller          one item, promised to the caller, maybe in a new slab
//     slab --stock--> cache          free items for the cache         } transfers: what they have
//     cache, depot --drain--> slab   free items on their way back     } in hand is free, and soon
//     relief                         whatever it gives back           } where others can find it
//
// Each is counted at its zone from the lock that begins it to the lock that ends it:
//
//     depot.fillsInFlight, depot.transfersInFlight
//
// A denial waits for the passages of others. It must not wait for one that waits for a denial
// itself: hooks allocate from other zones, and two threads could wait for one another for ever. So a
// thread that comes to wait takes its own passages out of the count meanwhile (`standingAside`).
// Nothing free is missed by that, since only fills wait: an awaited `importItem`, or an `initialize`
// while a slab is made, with nothing in hand but what the caller was promised. What stocks, drains
// or relieves asks for items at hand, and does not wait.

import CUMA

/// Something that the calling thread has in hand, on its stack.
@safe
struct Passage {
  enum Kind { case fill, transfer }

  let zone: Zone
  let kind: Kind
  /// The one that the thread was in when this began.
  fileprivate let outer: UnsafeRawPointer?

  /// Runs `body`, which has items in hand; that is counted at the zone already, and still is after.
  static func inside<Result>(_ kind: Kind, of zone: Zone, _ body: () -> Result) -> Result {
    let outer = unsafe mbuma_passage()
    let passage = unsafe Passage(zone: zone, kind: kind, outer: outer)
    return unsafe withUnsafePointer(to: passage) { here in
      unsafe mbuma_set_passage(here)
      defer { unsafe mbuma_set_passage(outer) }
      return body()
    }
  }

  /// Runs `body`, which may wait for what others have in hand, while what this thread has in hand
  /// does not count.
  static func standingAside<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let innermost = unsafe mbuma_passage() else { return try body() }
    unsafe count(innermost, -1)
    mbuma_set_passage(nil)
    defer {
      unsafe mbuma_set_passage(innermost)
      unsafe count(innermost, 1)
    }
    return try body()
  }

  private static func count(_ innermost: UnsafeRawPointer, _ change: Int) {
    var next: UnsafeRawPointer? = unsafe innermost
    while let here = unsafe next {
      // Set by `inside`, which stands further up on this stack.
      let passage = unsafe here.assumingMemoryBound(to: Passage.self).pointee
      passage.zone.withDepot { depot in
        switch passage.kind {
        case .fill: depot.fillsInFlight += change
        case .transfer: depot.transfersInFlight += change
        }
      }
      unsafe next = passage.outer
    }
  }
}
