// SPDX-License-Identifier: BSD-2-Clause

/// What an allocation does when the zone has no item for it.
///
/// It is passed on the fast path, so it is made of words: an instant, whose layout the standard
/// library keeps to itself, would be stored and destroyed through calls there.
///
///                  caches   slabs   new pages   sleeps
///     .noPages       x        x
///     .noWait        x        x         x
///     .wait(…)       x        x         x          x
///
/// BSD: `M_NOVM`, `M_NOWAIT`, `M_WAITOK`.
@frozen
public enum Wait: Sendable, Equatable {
  /// Asks the page source once, then is denied.
  case noWait
  /// Takes only what is in caches and on slabs, and never asks the page source.
  case noPages
  /// Sleeps until an item comes, first come first served, or until so long after some fixed moment.
  ///
  /// Made by `wait(until:)` and `wait(for:)`.
  case wait(sinceStart: Duration?)

  private static let start = ContinuousClock.now

  /// Sleeps until an item comes, first come first served, or until the deadline; nil never comes.
  public static func wait(until deadline: ContinuousClock.Instant? = nil) -> Wait {
    .wait(sinceStart: deadline.map { start.duration(to: $0) })
  }

  /// When to give up; nil if it does not wait, or forever.
  var deadline: ContinuousClock.Instant? {
    guard case .wait(let duration?) = self else { return nil }
    return Self.start + duration
  }

  /// Sleeps until an item comes, at most so long.
  public static func wait(for duration: Duration) -> Wait { .wait(until: .now + duration) }
}

/// What the waiter of a zone wants: an item, from the reserve if it has a claim on that.
struct ItemWant { let usesReserve: Bool }

/// Who waits for an item of a zone, under the zone lock.
///
///     waiter in queue  =>  no item in any cache of the zone, and no bucket loaded in one:
///                          every free goes to the slow path and meets the queue
///
/// Callers with a claim on the reserve go ahead of those without.
typealias ItemWaiter = Waiter<ItemWant, Item>

/// One allocation as the slow path sees it.
struct Request {
  var wait = Wait.noWait
  var usesReserve = false
  var site: CallSite
  /// Set once the allocation has decided to sleep rather than be denied.
  var waiter: ItemWaiter?

  var mayGrow: Bool { wait != .noPages }
}
