// SPDX-License-Identifier: BSD-2-Clause
//
// Storage outside the mbuf, and who counts its users. The counter is a 32-bit word in the slab of
// the cluster, or of the foreign storage's owner, and holds the references beyond the first:
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
  @usableFromInline var owner: Unmanaged<ForeignStorage>?

  @inlinable
  init(
    base: UnsafeMutableRawPointer, byteCount: Int,
    counter: UnsafeMutablePointer<Atomic<UInt32>>, owner: Unmanaged<ForeignStorage>? = nil
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

/// Memory lent to packets by somebody else.
///
/// Packets may share it like a cluster. When the last of them lets go, `onRelease` runs: exactly
/// once, on the thread that dropped the last reference. Memory that was never lent is released
/// when its description ends.
///
/// BSD: `m_extadd` with `EXT_MOD_TYPE`.
@safe
public final class ForeignStorage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  let isReadOnly: Bool
  let counter: UnsafeMutablePointer<Atomic<UInt32>>
  private let onRelease: @Sendable () -> Void
  private let isLent = Atomic(false)

  /// Describes memory to lend.
  ///
  /// - Parameters:
  ///   - bytes: the memory, at most 1 GiB, which must stay valid until `onRelease` runs.
  ///   - isReadOnly: packets never write into it.
  ///   - onRelease: runs when the last packet lets go.
  public init(
    unsafeLending bytes: UnsafeMutableRawBufferPointer, isReadOnly: Bool,
    onRelease: @escaping @Sendable () -> Void
  ) {
    guard let base = bytes.baseAddress else {
      preconditionFailure("foreign storage of no bytes")
    }
    precondition(
      bytes.count <= MbufLayout.largestPacketByteCount,
      "\(bytes.count) bytes lent, at most \(MbufLayout.largestPacketByteCount)")
    unsafe self.base = base
    byteCount = bytes.count
    self.isReadOnly = isReadOnly
    unsafe counter = .allocate(capacity: 1)
    unsafe counter.initialize(to: Atomic(0))
    self.onRelease = onRelease
  }

  /// Notes that a packet has it; a second packet made from it would not know of the first.
  func lend() {
    let wasLent = isLent.exchange(true, ordering: .relaxed)
    precondition(!wasLent, "foreign storage is lent once; share the packet instead")
  }

  /// Tells the lender that the last packet has let go.
  func giveBack() { onRelease() }

  deinit {
    // If it was lent, the last packet has told the lender.
    if !isLent.load(ordering: .relaxed) { onRelease() }
    unsafe counter.deallocate()
  }
}
