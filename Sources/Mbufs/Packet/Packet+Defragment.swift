// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Packet {
  /// Copies the packet into as few segments as it fits, in clusters as large as its longest segment
  /// needs; afterwards it is writable.
  ///
  /// A packet that is one writable segment is left alone.
  ///
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Complexity: O(bytes).
  ///
  /// BSD: `m_defrag`; that one copies a read-only mark onto the private copy.
  public mutating func defragment(
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    if head.next == nil, head.isWritable { return }
    let chain = try head.pool.roomForCopy(
      byteCount, longest: head.longestSegment, CallSite(file, line))
    replaceChain(with: chain)
  }

  /// Cuts the packet into segments of `byteCount` bytes, each in an mbuf of its own; the last has
  /// the rest.
  ///
  /// For tests: code that reads in place without `pullUp(_:)` fails at once.
  ///
  /// - Parameters:
  ///   - byteCount: bytes of a segment, 1...168.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  /// - Complexity: O(bytes).
  ///
  /// BSD: `m_fragment`.
  public mutating func fragment(
    into byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    precondition(
      (1...MbufLayout.packetDataByteCount).contains(byteCount), "segments of \(byteCount) bytes")
    let site = CallSite(file, line)
    let chain = try head.pool.mbuf(.packetHeader, site)
    var last = chain
    var room = byteCount
    do throws(MbufError) {
      while true {
        // At the end of its storage an mbuf has room for just these bytes.
        last.place(headroom: last.capacity - byteCount)
        if room >= self.byteCount { break }
        let next = try head.pool.mbuf([], site)
        last.next = next
        last = next
        room += byteCount
      }
    } catch {
      chain.freeChain()
      throw error
    }
    replaceChain(with: chain)
  }

  /// Copies the bytes into an empty chain, which has room for them, and is then that chain.
  mutating func replaceChain(with chain: Mbuf) {
    let old = head
    old.copyChain(into: chain)
    old.movePacketHeader(to: chain)
    head = chain
    old.freeChain()
  }
}
