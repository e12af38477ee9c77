// SPDX-License-Identifier: BSD-2-Clause
//
// Storage outside the mbuf, and who counts its users. The counter is a 32-bit word in the slab of
// the cluster, or in the record of lent memory, and holds the references beyond the first:
//
//     references == counter + 1;   a free cluster's counter is 0
//
// so a cluster that is never shared never touches it. `.shared` on the mbuf remembers that it
// might have been: sharing sets it on both mbufs, whose packets the sharer holds exclusively.
//
// A descriptor exists only in an mbuf that has the storage, so its counter is there to be used.

import Synchronization
import UMA

@usableFromInline
@safe
struct ExternalStorage {
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline let byteCount: UInt32
  @usableFromInline let counter: UnsafeMutablePointer<Atomic<UInt32>>
  let owner: UnsafeMutablePointer<LentRecord>?

  /// Describes storage whose counter of references, at 0, is at an address.
  init(
    _ base: UnsafeMutableRawPointer, _ byteCount: Int, counter: UnsafeMutableRawPointer,
    owner: UnsafeMutablePointer<LentRecord>? = nil
  ) {
    unsafe self.base = base
    self.byteCount = UInt32(byteCount)
    unsafe self.counter = counter.assumingMemoryBound(to: Atomic<UInt32>.self)
    unsafe self.owner = owner
  }

  /// Whether this is the only reference.
  ///
  /// If so, only its holder can make another.
  @inlinable
  var isSole: Bool { unsafe counter.pointee.load(ordering: .acquiring) == 0 }

  func retain() { unsafe counter.pointee.wrappingAdd(1, ordering: .relaxed) }

  /// Drops one reference; true if it was the last, and then the counter is 0 again.
  func release() -> Bool {
    // Wraps at the last reference, and is set to 0 at once: no other reference is left to see it.
    let before = unsafe counter.pointee.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      .oldValue
    if before == 0 { unsafe counter.pointee.store(0, ordering: .relaxed) }
    return before == 0
  }
}
