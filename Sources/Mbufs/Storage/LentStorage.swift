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
  let counter = Atomic<UInt32>(0)
  let release: MbufPool.Release
  let context: UnsafeMutableRawPointer?
}

/// Memory lent to packets by somebody else.
///
/// Packets may share it like a cluster. When the last of them lets go, `onRelease` runs: exactly
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
  ///   - onRelease: runs when the last packet lets go.
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

  /// Tells the lender that the last packet has let go.
  func giveBack() { onRelease() }

  deinit {
    // If it was lent, the last packet has told the lender.
    if !isLent.load(ordering: .relaxed) { onRelease() }
  }
}

/// Whom to tell that lent memory is free again.
@unsafe
struct Lender {
  let release: MbufPool.Release
  let base: UnsafeMutableRawPointer
  let context: UnsafeMutableRawPointer?

  func tell() { unsafe release(base, context) }
}

extension MbufPool {
  /// What is told that lent memory is free again: its first byte and the context given with it.
  public typealias Release =
    @convention(c) (_ base: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer?) -> Void

  /// A packet over lent memory.
  ///
  /// - Parameters:
  ///   - storage: the memory; the packet and its shared copies hold it until the last ends.
  ///   - byteCount: bytes at its start that are the packet's data.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; then the storage is not held.
  ///
  /// BSD: `m_extadd`.
  public func packet(
    over storage: LentStorage, byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let packet = unsafe try packet(
      unsafeLending: UnsafeMutableRawBufferPointer(start: storage.base, count: storage.byteCount),
      byteCount: byteCount, isReadOnly: storage.isReadOnly,
      context: Unmanaged.passUnretained(storage).toOpaque(),
      onRelease: { _, context in
        guard let context = unsafe context else { return }
        unsafe Unmanaged<LentStorage>.fromOpaque(context).takeRetainedValue().giveBack()
      }, file: file, line: line)
    storage.lend()
    _ = unsafe Unmanaged.passRetained(storage)
    return packet
  }

  /// A packet over lent memory, without an object for it: nothing is allocated but an mbuf and a
  /// record of the pool's.
  ///
  /// - Parameters:
  ///   - bytes: the memory, at most 1 GiB, which must stay valid until `onRelease` is called.
  ///   - byteCount: bytes at its start that are the packet's data.
  ///   - isReadOnly: packets never write into it.
  ///   - context: is handed to `onRelease`.
  ///   - onRelease: is called once, on the thread that drops the last reference.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; then the memory is not held and `onRelease` is not called.
  ///
  /// BSD: `m_extadd` with `EXT_NET_DRV`.
  @unsafe
  public func packet(
    unsafeLending bytes: UnsafeMutableRawBufferPointer, byteCount: Int, isReadOnly: Bool,
    context: UnsafeMutableRawPointer?, onRelease: Release, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(MbufError) -> Packet {
    guard let base = bytes.baseAddress else { preconditionFailure("no memory is lent") }
    precondition(
      bytes.count <= MbufLayout.largestPacketByteCount,
      "\(bytes.count) bytes lent, at most \(MbufLayout.largestPacketByteCount)")
    precondition(
      byteCount >= 0 && byteCount <= bytes.count, "\(byteCount) bytes of \(bytes.count)")
    let mbuf = try unsafe core.mbuf(.packetHeader, CallSite(file, line))
    do throws(ZoneError) {
      let item = unsafe try core.pointee.recordZone.allocateItem(file: file, line: line)
      let record = unsafe item.bindMemory(to: LentRecord.self, capacity: 1)
      unsafe record.initialize(to: LentRecord(release: onRelease, context: context))
      // The counter is the record's first field.
      unsafe mbuf.storage.initialize(
        to: ExternalStorage(
          base: base, byteCount: bytes.count,
          counter: item.assumingMemoryBound(to: Atomic<UInt32>.self), owner: record))
    } catch {
      mbuf.freeOne()
      throw .exhausted(error)
    }
    mbuf.kind = .lent
    mbuf.flags.insert(.external)
    if isReadOnly { mbuf.flags.insert(.readOnly) }
    unsafe mbuf.data = base
    mbuf.byteCount = byteCount
    mbuf.packetByteCount = byteCount
    return Packet(mbuf)
  }
}

extension UnsafeMutablePointer<PoolCore> {
  /// Ends the record of storage that no packet holds any more, and says whom to tell.
  func endRecord(of storage: ExternalStorage) -> Lender? {
    guard let record = unsafe storage.owner else { return nil }
    let lender = unsafe Lender(
      release: record.pointee.release, base: storage.base, context: record.pointee.context)
    unsafe record.deinitialize(count: 1)
    unsafe pointee.recordZone.freeItem(UnsafeMutableRawPointer(record))
    return unsafe lender
  }
}
