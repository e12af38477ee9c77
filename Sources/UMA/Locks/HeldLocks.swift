// SPDX-License-Identifier: BSD-2-Clause
//
// The locks that a thread holds, by class, in the order in which they were first taken:
//
//     | rawinp, once, @ Output.swift:20 | zone, twice, @ Zone+Control.swift:190 |
//
// A class is listed once: locks of one class cannot be told apart, so the last to be released is
// taken for the first to have been taken. Only the thread itself touches its list.

import CUMA

/// The watched locks that one thread holds.
struct HeldLocks {
  struct Entry {
    let lock: TakenLock
    var count = 1
  }

  private(set) var entries: [Entry] = []
  /// A report is being handled on this thread; what its handler locks is not watched.
  var isReporting = false

  var locks: [TakenLock] { entries.map(\.lock) }

  mutating func take(_ lock: TakenLock) {
    if let index = entries.firstIndex(where: { $0.lock.lockClass == lock.lockClass }) {
      entries[index].count += 1
    } else {
      entries.append(Entry(lock: lock))
    }
  }

  /// Releases a lock; no error if it was taken while the checker was off, and so is not listed.
  mutating func release(_ lockClass: LockClass) {
    guard let index = entries.lastIndex(where: { $0.lock.lockClass == lockClass }) else { return }
    entries[index].count -= 1
    if entries[index].count == 0 { entries.remove(at: index) }
  }
}

extension HeldLocks {
  /// The calling thread's list, made at its first use.
  ///
  /// It is freed when the thread ends. Destructors of other thread-locals may take locks after
  /// that; they begin another list, which is freed in the next round of destructors.
  static func ofThisThread() -> UnsafeMutablePointer<HeldLocks> {
    if let list = unsafe ofThisThreadIfMade() { return unsafe list }
    let list = UnsafeMutablePointer<HeldLocks>.allocate(capacity: 1)
    unsafe list.initialize(to: HeldLocks())
    unsafe mbuma_set_held(list)
    // Without a key the list is lost with the thread, which leaks some bytes and breaks nothing.
    _ = unsafe mbuma_end_held_at_thread_exit(list) { list in
      mbuma_set_held(nil)
      let list = unsafe list.assumingMemoryBound(to: HeldLocks.self)
      unsafe list.deinitialize(count: 1)
      unsafe list.deallocate()
    }
    return unsafe list
  }

  /// The calling thread's list, or nil if no lock of this thread was ever watched.
  static func ofThisThreadIfMade() -> UnsafeMutablePointer<HeldLocks>? {
    unsafe mbuma_held()?.assumingMemoryBound(to: HeldLocks.self)
  }
}
