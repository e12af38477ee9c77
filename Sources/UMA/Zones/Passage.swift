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
struct Passage {
  enum Kind { case fill, transfer }

  let zone: Zone
  let kind: Kind
  /// The one that the thread was in when this began.
  private let outer: Link?

  /// A passage further up on this thread's stack: `inside` put it there and has not returned.
  @safe
  private struct Link {
    let at: UnsafePointer<Passage>

    var passage: Passage { unsafe at.pointee }
  }

  /// The one that the calling thread is in.
  private static var innermost: Link? {
    get { unsafe mbuma_passage().map { unsafe Link(at: $0.assumingMemoryBound(to: Passage.self)) } }
    set { unsafe mbuma_set_passage(newValue?.at) }
  }

  /// Runs `body`, which has items in hand; that is counted at the zone already, and still is after.
  static func inside<Result>(_ kind: Kind, of zone: Zone, _ body: () -> Result) -> Result {
    let passage = Passage(zone: zone, kind: kind, outer: innermost)
    return unsafe withUnsafePointer(to: passage) { here in
      innermost = unsafe Link(at: here)
      defer { innermost = passage.outer }
      return body()
    }
  }

  /// Runs `body`, which may wait for what others have in hand, while what this thread has in hand
  /// does not count.
  static func standingAside<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let standing = innermost else { return try body() }
    count(standing, -1)
    innermost = nil
    defer {
      innermost = standing
      count(standing, 1)
    }
    return try body()
  }

  private static func count(_ innermost: Link, _ change: Int) {
    var next: Link? = innermost
    while let passage = next?.passage {
      passage.zone.withDepot { depot in
        switch passage.kind {
        case .fill: depot.fillsInFlight += change
        case .transfer: depot.transfersInFlight += change
        }
      }
      next = passage.outer
    }
  }
}
