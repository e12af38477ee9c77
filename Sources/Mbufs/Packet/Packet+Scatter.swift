// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension MbufPool {
  /// A packet holding a copy of the next bytes of a list, which then stands behind them.
  ///
  /// - Parameters:
  ///   - list: what to read.
  ///   - byteCount: bytes wanted, at least 0; fewer if the list has no more, all that it has if left
  ///     out.
  ///   - headroom: bytes kept free in front, 0...2,048; more segments are used if need be.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated, and the list stands where it stood.
  ///
  /// BSD: `m_uiotombuf`; an early one wrote `align` bytes beyond the first cluster.
  public func packet(
    gathering list: inout GatherList, byteCount: Int? = nil, headroom: Int = 0,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(
      (0...MbufLayout.clusterByteCount).contains(headroom),
      "headroom \(headroom), at most \(MbufLayout.clusterByteCount)")
    let count = Swift.min(byteCount ?? .max, list.remaining)
    precondition(count >= 0, "gather \(count) bytes")
    var packet = try packet(byteCount: headroom + count, file: file, line: line)
    packet.head.place(headroom: headroom)
    try packet.append(gathering: &list, byteCount: count, file: file, line: line)
    return packet
  }
}

extension Packet {
  /// Adds a copy of the next bytes of a list at the end; the list then stands behind them.
  ///
  /// - Parameters:
  ///   - list: what to read.
  ///   - byteCount: bytes wanted, at least 0; fewer if the list has no more, all that it has if left
  ///     out.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged, and the list stands where it stood.
  ///
  /// BSD: `m_uiotombuf` and `m_cat`.
  public mutating func append(
    gathering list: inout GatherList, byteCount: Int? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    let count = Swift.min(byteCount ?? .max, list.remaining)
    precondition(count >= 0, "gather \(count) bytes")
    var writer = try makeRoom(count, CallSite(file, line))
    list.read(count) { piece in writer.write(piece) }
    head.packetByteCount += count
  }

  /// Copies bytes out into the room of a list, which then stands behind them.
  ///
  /// - Parameters:
  ///   - list: what to fill.
  ///   - offset: of the first byte to copy, 0...`self.byteCount`.
  ///   - byteCount: bytes wanted, at least 0; fewer if packet or list end before, as many as both
  ///     have if left out.
  /// - Returns: bytes copied.
  ///
  /// BSD: `m_mbuftouio`.
  @discardableResult
  public borrowing func scatter(
    into list: inout ScatterList, from offset: Int = 0, byteCount: Int? = nil
  ) -> Int {
    precondition(
      offset >= 0 && offset <= self.byteCount, "scatter from \(offset) of \(self.byteCount)")
    let count = Swift.min(byteCount ?? .max, list.remaining, self.byteCount - offset)
    precondition(count >= 0, "scatter \(count) bytes")
    forEachSegment(from: offset, byteCount: count) { piece in list.write(piece) }
    return count
  }
}
