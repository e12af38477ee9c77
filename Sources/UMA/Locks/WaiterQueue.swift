// SPDX-License-Identifier: BSD-2-Clause
//
// Who waits for what a lock guards, in the order they came: threads and tasks that want an item of a
// zone, a datagram of a socket, room in a queue. All wait by one protocol:
//
//     idle --enqueue--> queued --grant--> granted --takeGrant--> idle
//       ^                  |                 |
//       '-----withdraw-----'----withdraw-----'  (which returns the grant)
//
//     grants       whoever has what the first in the queue wants
//     withdraws    the waiter alone, for its deadline, its cancellation or its own success
//     wakes        whoever granted, once the lock is released (WakeList.swift)
//     sleeps       the waiter, with no lock held (Waiter+Sleep.swift)
//
// A queue stands beside what is waited for, in the state that one lock guards, and nothing here is
// touched without that lock. A grant moves the thing to the waiter and the waiter out of the queue in
// one step:
//
//     queued  <=>  once in the queue            granted  =>  in no queue
//     times enqueued == grants + times withdrawn while queued + count
//
// So nothing is owed to two, and a deadline that passes at the same moment finds either the grant or
// the place in the queue. What was granted by then is the waiter's, late or not, and none is lost.
//
// Only the first is ever served: one whose want cannot be met holds up all behind it, and is not
// overtaken. Those who go ahead stand before all others, in the order they came as well.

/// Somebody who may wait: what it wants, and what it was granted.
@usableFromInline
package final class Waiter<Want, Grant: ~Copyable>: @unchecked Sendable {
  /// What it waits for, as far as whoever grants has to know.
  package let want: Want
  fileprivate let parker: any Parker
  /// Whether it is in a queue.
  package fileprivate(set) var isQueued = false
  fileprivate var grant: Grant?
  fileprivate var isAhead = false
  /// When it was queued, in numbers of the queue.
  fileprivate var ticket = 0

  /// Makes one that is in no queue.
  package init(_ want: Want, parker: any Parker) {
    self.want = want
    self.parker = parker
  }

  /// What it was granted, which is the caller's from now on; nil if it was not.
  package func takeGrant() -> Grant? { grant.take() }

  /// Whether it is served before another that stands behind it.
  fileprivate func precedes(_ next: Waiter) -> Bool {
    isAhead == next.isAhead ? ticket < next.ticket : isAhead
  }
}

/// Those who wait for one thing, in the order in which they are served.
@usableFromInline
package struct WaiterQueue<Want, Grant: ~Copyable>: ~Copyable {
  @usableFromInline var waiters: [Waiter<Want, Grant>] = []
  private var lastTicket = 0

  /// Makes a queue in which nobody waits.
  package init() {}

  /// Whether nobody waits.
  @inlinable package var isEmpty: Bool { waiters.isEmpty }

  /// How many wait.
  package var count: Int { waiters.count }

  /// Who is served next.
  @inlinable package var first: Waiter<Want, Grant>? { waiters.first }

  /// Puts a waiter at the end, or at the end of those who go ahead.
  ///
  /// - Precondition: it is in no queue, and has no grant that was not taken.
  package mutating func enqueue(_ waiter: Waiter<Want, Grant>, ahead isAhead: Bool = false) {
    precondition(
      !waiter.isQueued && waiter.grant == nil, "a waiter is queued twice, or with a grant in hand")
    lastTicket += 1
    waiter.ticket = lastTicket
    waiter.isAhead = isAhead
    waiter.isQueued = true
    let place = isAhead ? waiters.firstIndex { !$0.isAhead } : nil
    waiters.insert(waiter, at: place ?? waiters.count)
  }

  /// Hands the first what it wants, which thereby leaves the queue and is to be woken.
  ///
  /// - Precondition: somebody waits.
  @usableFromInline
  package mutating func grantFirst(_ grant: consuming Grant, _ wakes: inout WakeList) {
    precondition(!waiters.isEmpty, "a grant for nobody")
    let waiter = waiters.removeFirst()
    assert(waiters.allSatisfy(waiter.precedes), "a waiter is served before one that came earlier")
    waiter.isQueued = false
    waiter.grant = consume grant
    wakes.add(waiter.parker)
  }

  /// Hands each of those who wait now a grant: for a change that is news to all, or the end.
  @inlinable
  package mutating func grantAll(_ wakes: inout WakeList, _ grant: () -> Grant) {
    while !isEmpty { grantFirst(grant(), &wakes) }
  }

  /// Has the first look for itself, at its place in the queue.
  package func wakeFirst(_ wakes: inout WakeList) { wakes.add(waiters.first?.parker) }

  /// Takes a waiter out that gives up, or has found what it wants; one in no queue stays so.
  ///
  /// - Returns: what it was granted by then, which is the caller's, to use or to hand on.
  package mutating func withdraw(_ waiter: Waiter<Want, Grant>) -> Grant? {
    guard waiter.isQueued else { return waiter.takeGrant() }
    waiters.removeAll { $0 === waiter }
    waiter.isQueued = false
    return nil
  }

  /// Traps if somebody is in the queue who does not wait, or stands before one that came earlier.
  package func checkInvariants() {
    precondition(waiters.allSatisfy(\.isQueued), "who is in the queue does not wait")
    precondition(
      zip(waiters, waiters.dropFirst()).allSatisfy { $0.precedes($1) },
      "a waiter stands before one that came earlier")
  }
}
