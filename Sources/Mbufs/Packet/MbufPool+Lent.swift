// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension MbufPool {
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
    context: UnsafeMutableRawPointer?,
    onRelease:
      @convention(c) (
        _ base: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer?
      ) -> Void,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    guard let base = bytes.baseAddress else { preconditionFailure("no memory is lent") }
    precondition(
      bytes.count <= MbufLayout.largestPacketByteCount,
      "\(bytes.count) bytes lent, at most \(MbufLayout.largestPacketByteCount)")
    precondition(
      byteCount >= 0 && byteCount <= bytes.count, "\(byteCount) bytes of \(bytes.count)")
    let site = CallSite(file, line)
    let mbuf = try core.mbuf(.packetHeader, site)
    do throws(MbufError) {
      let item = unsafe try core.item(from: core.zones.records, site)
      let record = unsafe item.bindMemory(to: LentRecord.self, capacity: 1)
      unsafe record.initialize(to: LentRecord(release: onRelease, context: context))
      // The counter is the record's first field.
      mbuf.storage = unsafe ExternalStorage(base, bytes.count, counter: item, owner: record)
    } catch {
      mbuf.giveBack()
      throw error
    }
    mbuf.kind = .lent
    mbuf.flags.formUnion(isReadOnly ? [.external, .readOnly] : .external)
    mbuf.place(headroom: 0)
    mbuf.byteCount = byteCount
    mbuf.packetByteCount = byteCount
    return Packet(mbuf)
  }
}
