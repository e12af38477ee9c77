// SPDX-License-Identifier: BSD-2-Clause

extension Mbuf {
  /// Traps if this is no mbuf that may stand in a chain.
  func checkSegment(isFirstOfPacket: Bool) {
    if let broken = brokenRule(isFirstOfPacket: isFirstOfPacket) { preconditionFailure(broken) }
  }

  /// What keeps this mbuf from standing in a chain, or nil.
  func brokenRule(isFirstOfPacket: Bool) -> String? {
    if flags.contains(.packetHeader) != isFirstOfPacket {
      return "a packet header is on the first mbuf of a packet and no other"
    }
    if nextPacket != nil { return "what is not queued has no next packet" }
    if endsRecord, next != nil { return "a record's end is marked on the last mbuf and no other" }
    if byteCount < 0 { return "\(byteCount) bytes in a segment" }
    if isExternal != (kind != .inner) { return "kind \(kind), flags \(flags)" }
    return brokenBounds
  }

  /// How the data is not inside its storage, or nil.
  var brokenBounds: String? {
    if byteCount >= 0, offset >= 0, offset + byteCount <= capacity { return nil }
    return "bytes \(offset)..<\(offset + byteCount) of a storage of \(capacity)"
  }
}
