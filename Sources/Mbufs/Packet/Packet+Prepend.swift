// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension Packet {
  /// Adds `byteCount` bytes in front, in one piece, which `initialize` writes where they stay.
  ///
  ///     try packet.prepend(UDPHeader.byteCount) { output in header.emit(into: &output) }
  ///
  /// Nothing is written twice: what is to be known of the packet's bytes, such as their checksum, is
  /// found out before.
  ///
  /// - Parameters:
  ///   - byteCount: bytes to add, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  ///   - initialize: writes all of them, from the first on.
  /// - Throws: `MbufError.exhausted`; `.tooLong` if the headroom is too small and no storage has so
  ///   many bytes; what `initialize` throws. The packet is unchanged.
  /// - Precondition: `initialize` writes `byteCount` bytes if it does not throw.
  /// - Complexity: allocates only if the headroom is too small.
  ///
  /// BSD: `M_PREPEND`, which frees the chain on failure.
  @inlinable
  public mutating func prepend(
    _ byteCount: Int, file: StaticString = #fileID, line: UInt = #line,
    initializingWith initialize: (inout OutputRawSpan) throws(MbufError) -> Void
  ) throws(MbufError) {
    precondition(byteCount >= 0, "prepend of \(byteCount) bytes")
    guard byteCount <= head.headroom else {
      return try prependInFront(byteCount, CallSite(file, line), initialize)
    }
    try head.initializeHeadroom(byteCount, initialize)
    head.growFront(byteCount)
    head.packetByteCount += byteCount
  }

  @usableFromInline
  @inline(never)
  mutating func prependInFront(
    _ byteCount: Int, _ site: CallSite,
    _ initialize: (inout OutputRawSpan) throws(MbufError) -> Void
  ) throws(MbufError) {
    checkGrowth(byteCount)
    let front = try head.pool.mbuf(holding: byteCount, .packetHeader, site)
    // At the end of its storage, so that the next header still finds headroom.
    front.place(headroom: ((front.capacity - byteCount) & ~7) + byteCount)
    do throws(MbufError) {
      try front.initializeHeadroom(byteCount, initialize)
    } catch {
      front.freeOne()
      throw error
    }
    front.growFront(byteCount)
    pushFront(front)
    head.packetByteCount += byteCount
  }
}

extension Mbuf {
  /// Has the last `byteCount` bytes of the headroom written; the data does not begin there yet.
  ///
  /// - Precondition: the headroom has as many, and all of them are written.
  @inlinable @inline(__always)
  func initializeHeadroom(
    _ byteCount: Int, _ initialize: (inout OutputRawSpan) throws(MbufError) -> Void
  ) throws(MbufError) {
    // In bounds: the headroom is free and ours, and nobody reads it before the data begins there.
    let room = unsafe UnsafeMutableRawBufferPointer(start: data - byteCount, count: byteCount)
    var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    try initialize(&output)
    let count = unsafe output.finalize(for: room)
    precondition(count == byteCount, "\(count) bytes written of \(byteCount)")
  }
}
