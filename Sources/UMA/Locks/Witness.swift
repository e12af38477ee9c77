// SPDX-License-Identifier: BSD-2-Clause
//
// The lock checker. A thread says what it takes and releases; per thread that is a list, and for
// the process a graph of which class was ever taken with which held.
//
//     acquired --> HeldLocks (this thread's, no lock)
//        |  another lock is held
//     LockOrders, WitnessTally (under the checker's lock, which is itself not watched)
//        |  a reversal, for the first time
//     handler, or trap (with no lock of the checker held)
//
// Off, each check is one relaxed load of the switches. A scope that is watched when it takes its
// lock is watched to its end, whatever becomes of the switch meanwhile, so lists stay balanced.

import CUMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lock checker: learns in which order locks are taken, and reports what could deadlock.
///
/// It reports a pair of classes taken in both orders, also through others in between; a class
/// taken twice that may not nest; and a waiting allocation with any lock held. It reports what
/// could happen: both orders need to be seen once, on one thread or two, and never at once.
///
/// It knows the locks of ``WitnessedLock``, those of the allocator itself, and what is told to
/// ``acquired(_:byTrying:file:line:)``. Off by default; the environment switches it on from the
/// start with `MBUMA_WITNESS=1`, with `trap` for ``Reaction/trap``, with `nowait` for
/// ``WaitPolicy/denyUnderLock``.
///
/// BSD: witness(4), `options WITNESS`.
public enum Witness {
  /// What the first report of its kind brings about.
  public enum Reaction: Sendable {
    /// The handler is called.
    case report
    /// The program stops with the report as its message.
    case trap
  }

  /// What becomes of allocations that may wait.
  public enum WaitPolicy: Sendable {
    /// They wait. Under a lock, with the checker on, they are reported.
    case warn
    /// Those that are made with a lock held are reported and do not wait: their callers must
    /// handle a denial. With the checker off nobody knows what is held, and they wait.
    case denyUnderLock
    /// None waits, with the checker on or off: every caller must handle a denial.
    case denyEvery
  }

  /// Whether locks are watched.
  ///
  /// Switched on late, it does not know what is held already. Orders that were learned are kept
  /// when it is switched off.
  public static var isOn: Bool {
    @inlinable @inline(__always)
    get { mbuma_witness_mode() & mbuma_witness_on != 0 }
    set { set(mbuma_witness_on, newValue) }
  }

  /// What the first report of its kind brings about; `.report` unless set.
  ///
  /// BSD: `debug.witness.kdb`.
  public static var reaction: Reaction {
    get { mbuma_witness_mode() & mbuma_witness_traps != 0 ? .trap : .report }
    set { set(mbuma_witness_traps, newValue == .trap) }
  }

  /// What becomes of allocations that may wait; `.warn` unless set.
  ///
  /// BSD: `debug.nosleepwithlocks`.
  public static var waitPolicy: WaitPolicy {
    get {
      let mode = mbuma_witness_mode()
      if mode & mbuma_witness_denies_every_wait != 0 { return .denyEvery }
      return mode & mbuma_witness_denies_under_lock != 0 ? .denyUnderLock : .warn
    }
    set {
      let bits: UInt32 =
        switch newValue {
        case .warn: 0
        case .denyUnderLock: mbuma_witness_denies_under_lock
        case .denyEvery: mbuma_witness_denies_every_wait
        }
      mbuma_witness_set_mode(
        mbuma_witness_denies_under_lock | mbuma_witness_denies_every_wait, bits)
    }
  }

  private static func set(_ bit: UInt32, _ isSet: Bool) {
    mbuma_witness_set_mode(bit, isSet ? bit : 0)
  }

  // MARK: Telling

  /// Says that the calling thread takes a lock.
  ///
  /// For locks of other kinds than ``WitnessedLock``. Say it just before taking the lock, so that
  /// a deadlock is reported before it happens.
  ///
  /// - Parameters:
  ///   - lockClass: the class of the lock.
  ///   - byTrying: the lock was taken without waiting for it. That cannot deadlock, so no order is
  ///     checked or learned; the lock counts as held.
  ///   - file: where it is taken.
  ///   - line: where it is taken.
  ///
  /// BSD: `WITNESS_CHECKORDER`, `WITNESS_LOCK`.
  @inlinable @inline(__always)
  public static func acquired(
    _ lockClass: LockClass, byTrying: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) {
    if isOn { take(lockClass, CallSite(file, line), byTrying: byTrying) }
  }

  /// Says that the calling thread releases a lock, in any order.
  ///
  /// One that was taken while the checker was off is not missed.
  ///
  /// BSD: `WITNESS_UNLOCK`.
  @inlinable @inline(__always)
  public static func released(_ lockClass: LockClass) {
    if unsafe mbuma_held() != nil { release(lockClass) }
  }

  /// Checks an allocation that may wait, and says whether it must not.
  ///
  /// Zones call it; call it yourself before anything else that waits.
  ///
  /// - Parameters:
  ///   - zoneName: what is waited for.
  ///   - file: where the allocation is made.
  ///   - line: where the allocation is made.
  /// - Returns: true if the allocation is to be denied where it would wait.
  ///
  /// BSD: `WITNESS_WARN` in `uma_zalloc_arg`.
  @inlinable @inline(__always)
  public static func checkWaitingAllocation(
    zoneName: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
  ) -> Bool {
    let mode = mbuma_witness_mode()
    guard mode & (mbuma_witness_on | mbuma_witness_denies_every_wait) != 0 else { return false }
    return checkWait(zoneName, CallSite(file, line), mode)
  }

  // MARK: Inspecting

  /// Sets what is called with a report that is made for the first time; nil prints it on standard
  /// error.
  ///
  /// The handler runs where the report arises, with the locks of the report held: it must not take
  /// them, and must not allocate from zones, whose locks may be among them. What it locks is not
  /// watched.
  public static func setHandler(_ handler: (@Sendable (WitnessReport) -> Void)?) {
    // What the one before holds ends with it, and not under the lock.
    var handler = handler
    state.withLock { swap(&$0.handler, &handler) }
    _ = consume handler
  }

  /// Every report so far, the earliest first, and how often it was made.
  public static func reports() -> [(report: WitnessReport, count: Int)] {
    state.withLock { $0.tally.reports }
  }

  /// Every order that was learned, with the places that were first to show it.
  ///
  /// BSD: `debug.witness.fullgraph`.
  public static func learnedOrders() -> [LockOrder] { state.withLock { $0.orders.all } }

  /// The watched locks that the calling thread holds, the outermost first.
  ///
  /// BSD: `witness_list_locks`.
  public static func locksHeldByThisThread() -> [TakenLock] {
    unsafe HeldLocks.ofThisThreadIfMade()?.pointee.locks ?? []
  }
}

// MARK: - Behind the switch

extension Witness {
  struct State {
    var orders = LockOrders()
    var tally = WitnessTally()
    var handler: (@Sendable (WitnessReport) -> Void)?
  }

  static let state = Guarded(State())

  @usableFromInline
  @inline(never)
  static func take(_ lockClass: LockClass, _ site: CallSite, byTrying: Bool) {
    let lock = TakenLock(lockClass: lockClass, site: site)
    // The list is this thread's own, and lives until the thread ends.
    let list = unsafe HeldLocks.ofThisThread()
    if unsafe list.pointee.isReporting { return }
    let held = unsafe list.pointee.locks
    if !byTrying, !held.isEmpty {
      let reports = state.withLock { state in
        held.compactMap { check($0, lock, &state.orders) }
      }
      // The outermost is the cause: what comes before it comes before the inner ones as well.
      if let report = reports.first { handle(report) }
    }
    unsafe list.pointee.take(lock)
  }

  private static func check(
    _ held: TakenLock, _ lock: TakenLock, _ orders: inout LockOrders
  ) -> WitnessReport? {
    let order = LockOrder(first: held, second: lock)
    if held.lockClass == lock.lockClass { return lock.lockClass.mayNest ? nil : .duplicate(order) }
    return orders.learn(held, lock).map { .reversal(order, opposing: $0) }
  }

  @usableFromInline
  @inline(never)
  static func release(_ lockClass: LockClass) {
    guard let list = unsafe HeldLocks.ofThisThreadIfMade() else { return }
    if unsafe list.pointee.isReporting { return }
    unsafe list.pointee.release(lockClass)
  }

  @usableFromInline
  @inline(never)
  static func checkWait(_ zoneName: () -> String, _ site: CallSite, _ mode: UInt32) -> Bool {
    let deniesEvery = mode & mbuma_witness_denies_every_wait != 0
    guard mode & mbuma_witness_on != 0, let list = unsafe HeldLocks.ofThisThreadIfMade() else {
      return deniesEvery
    }
    let held = unsafe list.pointee.locks
    if held.isEmpty { return deniesEvery }
    if unsafe !list.pointee.isReporting {
      handle(.waitingAllocation(zoneName: zoneName(), site: site, held: held))
    }
    return deniesEvery || mode & mbuma_witness_denies_under_lock != 0
  }

  private static func handle(_ report: WitnessReport) {
    let list = unsafe HeldLocks.ofThisThread()
    unsafe list.pointee.isReporting = true
    defer { unsafe list.pointee.isReporting = false }
    let (isFirst, handler) = state.withLock { ($0.tally.add(report), $0.handler) }
    guard isFirst else { return }
    if reaction == .trap { fatalError(report.description) }
    if let handler { handler(report) } else { print(onStandardError: report.description) }
  }

  /// In one write, so that lines of several threads do not mix.
  private static func print(onStandardError text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
