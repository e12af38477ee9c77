// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// The chain in text, for people: a line for the packet and one for each segment.
  ///
  ///     packet of 46 bytes in 2 segments, 2560 bytes of storage
  ///       0: 6 of 168 bytes at 0, inner: 45 00 00 2e 00 01
  ///       1: 40 of 2048 bytes at 14, cluster, shared: 00 00 40 11 …
  ///
  /// - Parameter byteCount: how many bytes of each segment are shown at most.
  /// - Returns: lines that each end with a line feed.
  ///
  /// BSD: `m_print`.
  public borrowing func dump(showing byteCount: Int = 16) -> String {
    precondition(byteCount >= 0, "show \(byteCount) bytes")
    let count = segmentCount
    var text =
      "packet of \(self.byteCount) bytes in \(count) segment\(count == 1 ? "" : "s"), "
      + "\(storageByteCount) bytes of storage\n"
    for (index, mbuf) in head.chain.enumerated() {
      text += "  \(index): \(mbuf.description)"
      let shown = Swift.min(byteCount, mbuf.byteCount)
      if shown > 0 { text += ":" }
      for offset in 0..<shown {
        // In bounds: offset is inside the segment.
        let byte = unsafe mbuf.bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
        text += (byte < 16 ? " 0" : " ") + String(byte, radix: 16)
      }
      text += shown < mbuf.byteCount ? " …\n" : "\n"
    }
    return text
  }
}

extension Mbuf {
  /// Where the data lies in what storage, and the marks.
  fileprivate var description: String {
    var text = "\(byteCount) of \(capacity) bytes at \(offset), \(kind)"
    if type != .data { text += ", \(type)" }
    if flags.contains(.readOnly) {
      text += ", read-only"
    } else if !isWritable {
      text += ", shared"
    }
    if flags.contains(.endOfRecord) { text += ", end of record" }
    if flags.contains(.broadcast) { text += ", broadcast" }
    if flags.contains(.multicast) { text += ", multicast" }
    return text
  }
}
