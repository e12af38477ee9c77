// SPDX-License-Identifier: BSD-2-Clause
public import UMA

// Packets and chains from a pool; without bytes, unless they are copied.

extension MbufPool {
  /// An empty packet with one cluster: room for 2,048 bytes.
  ///
  /// - Parameters:
  ///   - headroom: bytes kept free in front for headers, 0...2,048.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`, naming the zone and its limit.
  /// - Complexity: one bucket pop.
  ///
  /// BSD: `m_getcl`.
  @inlinable @inline(__always)
  public func packet(
    headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let mbuf = try core.clusterMbuf(.packetHeader, CallSite(file, line))
    if headroom != 0 { mbuf.place(headroom: headroom) }
    return Packet(mbuf)
  }

  /// An empty packet without a cluster: room for 168 bytes.
  ///
  /// - Parameters:
  ///   - headroom: bytes kept free in front for headers, 0...168.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`.
  ///
  /// BSD: `m_gethdr`.
  public func smallPacket(
    headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let mbuf = try core.mbuf(.packetHeader, CallSite(file, line))
    if headroom != 0 { mbuf.place(headroom: headroom) }
    return Packet(mbuf)
  }

  /// An empty packet with room for at least `byteCount` bytes, in as many segments as that takes.
  ///
  /// - Parameters:
  ///   - byteCount: bytes of room, 0...`MbufLayout.largestPacketByteCount`.
  ///   - largest: the largest clusters to take; each piece is the smallest that holds the rest.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_getm2`.
  public func packet(
    byteCount: Int, upTo largest: ClusterSize = .standard, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(MbufError) -> Packet {
    let site = CallSite(file, line)
    return Packet(try core.chain(byteCount, upTo: largest, .packetHeader, site))
  }

  /// An empty packet with one cluster of a size.
  ///
  /// - Parameters:
  ///   - size: of the cluster.
  ///   - headroom: bytes kept free in front for headers, at most the cluster's.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_getjcl`.
  public func packet(
    _ size: ClusterSize, headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    if size == .standard { return try packet(headroom: headroom, file: file, line: line) }
    let mbuf = try core.mbuf(with: size, .packetHeader, CallSite(file, line))
    if headroom != 0 { mbuf.place(headroom: headroom) }
    return Packet(mbuf)
  }

  /// A packet holding a copy of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: what to copy, any number.
  ///   - headroom: bytes kept free in front, 0...2,048; more segments are used if need be.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; nothing was allocated.
  ///
  /// BSD: `m_devget`.
  @inlinable @inline(__always)
  public func packet(
    copying bytes: RawSpan, headroom: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    let site = CallSite(file, line)
    let byteCount = bytes.byteCount
    guard headroom &+ byteCount <= MbufLayout.clusterByteCount else {
      return try longPacket(copying: bytes, headroom: headroom, site)
    }
    let mbuf =
      headroom &+ byteCount <= MbufLayout.packetDataByteCount
      ? try core.mbuf(.packetHeader, site) : try core.clusterMbuf(.packetHeader, site)
    if headroom != 0 { mbuf.place(headroom: headroom) }
    // In bounds: headroom + byteCount <= the mbuf's room, checked above.
    mbuf.append(bytes)
    mbuf.packetByteCount = byteCount
    return Packet(mbuf)
  }

  @usableFromInline
  func longPacket(copying bytes: RawSpan, headroom: Int, _ site: CallSite) throws(MbufError)
    -> Packet
  {
    var packet = try packet(
      byteCount: headroom + bytes.byteCount, file: site.file, line: site.line)
    packet.head.place(headroom: headroom)
    try packet.append(bytes, file: site.file, line: site.line)
    return packet
  }

  /// An empty packet with room for at least `byteCount` bytes in one piece, in the smallest storage
  /// that has it.
  ///
  ///     ...168      in the mbuf
  ///     ...16,384   in a cluster of the smallest size that holds them
  ///
  /// - Parameters:
  ///   - byteCount: bytes of room, at least 0.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooLong` beyond `MbufLayout.largestContiguousByteCount`, `.exhausted`;
  ///   nothing was allocated.
  ///
  /// BSD: `m_get2`.
  public func packet(
    contiguous byteCount: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) -> Packet {
    precondition(byteCount >= 0, "room for \(byteCount) bytes")
    return Packet(
      try core.mbuf(holding: byteCount, .packetHeader, CallSite(file, line)))
  }
}
