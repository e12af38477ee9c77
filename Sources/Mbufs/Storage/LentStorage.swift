// SPDX-License-Identifier: BSD-2-Clause
//
// Memory that is not the pool's. Each piece that packets hold has a record in a zone of its own,
// 24 bytes, with the count of its users and whom to tell when there are none:
//
//     packet --> storage descriptor --> record { counter, release(base, context) }
//                       |
//                       '--> lent memory
//
//     lent == told + pieces that packets still hold

import Synchronization
import UMA

/// Who lent a piece of memory, and how many packets see it.
///
/// BSD: a counter from `mbuf_ext_refcnt`, `ext_free`, `ext_arg1`.
@usableFromInline
@unsafe
struct LentRecord: ~Copyable {
  /// What is told that lent memory is free again: its first byte and the context given with it.
  typealias Release =
    @convention(c) (_ base: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer?) -> Void

  let counter = Atomic<UInt32>(0)
  let release: Release
  let context: UnsafeMutableRawPointer?
}

/// Memory that its owner lends to packets.
///
/// Packets may share it like a cluster. When the last of them ends, `onRelease` runs: exactly
/// once, on the thread that dropped the last reference. Memory that was never lent is released
/// when its description ends.
///
/// BSD: `m_extadd` with `EXT_MOD_TYPE`.
@safe
public final class LentStorage: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let byteCount: Int
  let isReadOnly: Bool
  private let onRelease: @Sendable () -> Void
  private let isLent = Atomic(false)

  /// Describes memory to lend.
  ///
  /// - Parameters:
  ///   - bytes: the memory, at most 1 GiB, which must stay valid until `onRelease` runs.
  ///   - isReadOnly: packets never write into it.
  ///   - onRelease: runs when the last packet has ended.
  public init(
    unsafeLending bytes: UnsafeMutableRawBufferPointer, isReadOnly: Bool,
    onRelease: @escaping @Sendable () -> Void
  ) {
    guard let base = bytes.baseAddress else {
      preconditionFailure("lent storage of no bytes")
    }
    precondition(
      bytes.count <= MbufLayout.largestPacketByteCount,
      "\(bytes.count) bytes lent, at most \(MbufLayout.largestPacketByteCount)")
    unsafe self.base = base
    byteCount = bytes.count
    self.isReadOnly = isReadOnly
    self.onRelease = onRelease
  }

  /// Notes that a packet has it; a second packet made from it would not know of the first.
  func lend() {
    let wasLent = isLent.exchange(true, ordering: .relaxed)
    precondition(!wasLent, "lent storage is lent once; share the packet instead")
  }

  /// Tells the lender that the last packet has ended.
  func giveBack() { onRelease() }

  deinit {
    // If it was lent, the last packet has told the lender.
    if !isLent.load(ordering: .relaxed) { onRelease() }
  }
}

/// Whom to tell that lent memory is free again.
@unsafe
struct Lender {
  let release: LentRecord.Release
  let base: UnsafeMutableRawPointer
  let context: UnsafeMutableRawPointer?

  func tell() { unsafe release(base, context) }
}

extension PoolCore {
  /// Ends the record of storage that no packet holds any more, and says whom to tell.
  func endRecord(of storage: ExternalStorage) -> Lender? {
    guard let record = unsafe storage.owner else { return nil }
    let lender = unsafe Lender(
      release: record.pointee.release, base: storage.base, context: record.pointee.context)
    unsafe record.deinitialize(count: 1)
    unsafe zones.records.freeItem(UnsafeMutableRawPointer(record))
    return unsafe lender
  }
}
