// SPDX-License-Identifier: BSD-2-Clause
//
// Storage outside the mbuf, and who counts its users. The counter is a 32-bit word in the slab of
// the cluster, or in the record of who lent lent storage, and holds the references beyond the
// first:
//
//     references == counter + 1;   a free cluster's counter is 0
//
// so a cluster that is never shared never touches it. `.shared` on the mbuf remembers that it
// might have been: sharing sets it on both mbufs, whose packets the sharer holds exclusively.

import Synchronization
import UMA

@usableFromInline
@unsafe
struct ExternalStorage {
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var byteCount: UInt32
  @usableFromInline var counter: UnsafeMutablePointer<Atomic<UInt32>>
  @usableFromInline var owner: UnsafeMutablePointer<LentRecord>?

  @inlinable
  init(
    base: UnsafeMutableRawPointer, byteCount: Int,
    counter: UnsafeMutablePointer<Atomic<UInt32>>, owner: UnsafeMutablePointer<LentRecord>? = nil
  ) {
    unsafe self.base = base
    unsafe self.byteCount = UInt32(byteCount)
    unsafe self.counter = counter
    unsafe self.owner = owner
  }

  /// Whether this is the only reference.
  ///
  /// If so, nobody else can make another.
  @inlinable
  var isSole: Bool { unsafe counter.pointee.load(ordering: .acquiring) == 0 }

  func retain() { unsafe counter.pointee.wrappingAdd(1, ordering: .relaxed) }

  /// Drops one reference; true if it was the last, and then the counter is 0 again.
  func release() -> Bool {
    // Wraps when the last one goes, and is put right at once: nobody else is left to see it.
    let before = unsafe counter.pointee.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      .oldValue
    if before == 0 { unsafe counter.pointee.store(0, ordering: .relaxed) }
    return before == 0
  }
}
