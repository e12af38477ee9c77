// SPDX-License-Identifier: BSD-2-Clause
//
// Who waits for an item of a zone, in the order they came.
//
//     new --enqueue--> queued --grant--> granted --> leaves with the item
//                        |
//                        '--withdraw (deadline, cancellation, its own success)--> leaves
//
// All of it under the zone lock; a waiter parks and is unparked outside it. A grant moves an item to
// the waiter and the waiter out of the queue in one step, so an item is never owed to two, and a
// deadline that passes at the same moment finds either the grant or the queue entry.
//
//     waiter in queue  =>  no item in any cache of the zone, and no bucket loaded in one:
//                          every free goes to the slow path and meets the queue
//
// Callers with a claim on the reserve stand before those without.

final class Waiter: @unchecked Sendable {
  let usesReserve: Bool
  let parker: any Parker
  /// The item handed over; under the zone lock.
  var grant: Item?
  /// Under the zone lock.
  fileprivate(set) var isQueued = false
  /// When it was queued, in numbers of the queue; under the zone lock.
  fileprivate var ticket = 0

  init(usesReserve: Bool, parker: any Parker) {
    self.usesReserve = usesReserve
    self.parker = parker
  }

  /// The item handed over, which is the caller's from now on; under the zone lock.
  func takeGrant() -> Item? {
    defer { grant = nil }
    return grant
  }
}

/// The waiters of a zone.
struct WaiterQueue: ~Copyable {
  private var waiters: [Waiter] = []
  private var lastTicket = 0
  /// The ticket granted last, with a claim on the reserve and without.
  private var lastGrants = [0, 0]

  var first: Waiter? { waiters.first }
  var isEmpty: Bool { waiters.isEmpty }
  var count: Int { waiters.count }

  mutating func enqueue(_ waiter: Waiter) {
    precondition(!waiter.isQueued, "a waiter is queued already")
    let place =
      waiter.usesReserve ? waiters.firstIndex { !$0.usesReserve } ?? waiters.count : waiters.count
    waiters.insert(waiter, at: place)
    lastTicket += 1
    waiter.ticket = lastTicket
    waiter.isQueued = true
  }

  /// Hands an item to the first waiter, which leaves the queue; unpark it afterwards.
  mutating func grant(_ item: Item) -> Waiter? {
    guard let waiter = waiters.first else { return nil }
    let line = waiter.usesReserve ? 0 : 1
    assert(waiter.ticket > lastGrants[line], "a waiter was served before one that came earlier")
    lastGrants[line] = waiter.ticket
    withdraw(waiter)
    waiter.grant = item
    return waiter
  }

  mutating func withdraw(_ waiter: Waiter) {
    guard waiter.isQueued else { return }
    waiters.removeAll { $0 === waiter }
    waiter.isQueued = false
  }
}
