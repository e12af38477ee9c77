// SPDX-License-Identifier: BSD-2-Clause
//
// What a process does when memory runs short:
//
//     raise(level) -> every registered routine, in the order of registration, with no lock held
//                  -> Zone.reclaimAll: .trim if low, .drainWithCaches if critical
//
// The routines come first, since what they give up (fragments waiting for the rest of their packet,
// queues that nobody reads) is what the zones can give back then.

/// Memory running short, and what is to be given up for it.
///
/// A protocol that holds on to packets registers a routine that gives some up. Whoever watches
/// the system's memory raises the pressure.
///
/// ```swift
/// let registration = MemoryPressure.register("fragments") { level in
///   if level == .critical { fragments.removeAll() }
/// }
/// MemoryPressure.raise(.critical)
/// ```
///
/// BSD: `vm_lowmem`, `mb_reclaim`, `pr_drain` (sys/kern/kern_mbuf.c).
public enum MemoryPressure {
  /// How short memory is.
  public enum Level: CaseIterable, Sendable {
    /// Give up what is not needed soon.
    case low
    /// Give up all that can be.
    case critical
  }

  /// Gives up what a protocol can do without.
  public typealias Routine = @Sendable (Level) -> Void

  private struct Registered: Sendable {
    let number: Int
    let name: String
    let routine: Routine
    var callCount: UInt64 = 0
  }

  private struct State: ~Copyable {
    var routines: [Registered] = []
    var lastNumber = 0
    var callCount: UInt64 = 0
  }

  private static let state = Guarded(State())

  /// A routine's place on the list, which it leaves with this.
  public final class Registration: Sendable {
    private let number: Int

    fileprivate init(number: Int) { self.number = number }

    deinit { remove() }

    /// Takes the routine off the list.
    ///
    /// A `raise` that has begun on another thread may still call it, once.
    public func remove() {
      // What the routine holds may end with it, and not under the lock.
      let removed = MemoryPressure.state.withLock { state in
        let index = state.routines.firstIndex { $0.number == number }
        return index.map { state.routines.remove(at: $0) }
      }
      _ = consume removed
    }
  }

  /// Puts a routine at the end of the list.
  ///
  /// - Parameters:
  ///   - name: for reports.
  ///   - routine: called by whoever raises the pressure, on that thread, with no lock held.
  /// - Returns: what keeps the routine on the list; it leaves when this ends.
  ///
  /// BSD: `pr_drain`, a handler of `vm_lowmem`.
  public static func register(_ name: String, _ routine: @escaping Routine) -> Registration {
    state.withLock { state in
      state.lastNumber += 1
      state.routines.append(
        Registered(number: state.lastNumber, name: name, routine: routine))
      return Registration(number: state.lastNumber)
    }
  }

  /// Calls every routine, then reclaims from all zones.
  ///
  /// - Parameter level: how short memory is: `.low` trims the zones, `.critical` drains them with
  ///   the caches of all threads.
  /// - Returns: pages that the zones released.
  ///
  /// BSD: `mb_reclaim`, `uma_reclaim`.
  @discardableResult
  public static func raise(_ level: Level) -> Int {
    let routines = state.withLock { state in
      for index in state.routines.indices { state.routines[index].callCount += 1 }
      state.callCount += UInt64(state.routines.count)
      return state.routines
    }
    for registered in routines { registered.routine(level) }
    switch level {
    case .low: return Zone.reclaimAll(.trim)
    case .critical: return Zone.reclaimAll(.drainWithCaches)
    }
  }

  /// Calls of routines so far, of those that have left the list too.
  ///
  /// BSD: the last line of `netstat -m`, "calls to protocol drain routines".
  public static var callCount: UInt64 { state.withLock { $0.callCount } }

  /// The routines on the list, in order, and how often each was called.
  public static var routines: [(name: String, callCount: UInt64)] {
    state.withLock { $0.routines.map { ($0.name, $0.callCount) } }
  }
}
