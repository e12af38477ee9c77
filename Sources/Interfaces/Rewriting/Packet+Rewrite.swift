// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
public import Wire

extension Packet {
  /// Rewrites the headers of the packet by rules; checksums follow what changes under them.
  ///
  ///     checksum        right stays right, wrong stays wrong by the same difference
  ///     of UDP, 0       stays 0: there is none
  ///     partial         stays the sum of the pseudo-header, of the new one
  ///     of a fragment   is that of the whole datagram, and stays right for it
  ///
  /// Bytes that others share, or that are read-only, stay theirs: the headers are copied into a segment
  /// of the packet's own first. Headers that lie in several segments are brought into one.
  ///
  /// Ports are in first fragments only, addresses in all. Of ARP the addresses of IPv4 follow the rules
  /// for senders and targets. A routing header of IPv6 and the options of IPv4 stay; so do checksums of
  /// other protocols than TCP, UDP, UDP-Lite and ICMPv6 that cover addresses.
  ///
  /// - Parameters:
  ///   - rules: what to change.
  ///   - frame: this packet, decoded and not changed since. It is out of date afterwards.
  ///   - loop: how often the packet went out before, for addresses that differ from loop to loop.
  /// - Returns: whether something was changed, and whether something was out of reach.
  /// - Throws: `MbufError.exhausted`, or `.tooLong` if headers that are not ours to write are longer
  ///   than any storage; the packet is unchanged.
  /// - Complexity: O(rules + headers). Allocates only for headers that are shared, read-only, in several
  ///   segments, or without room in front for a tag: one mbuf.
  @discardableResult
  public mutating func rewrite(
    by rules: RewriteRules, _ frame: DecodedFrame, loop: Int = 0
  ) throws(MbufError) -> RewriteOutcome {
    try rewrite(by: rules, frame, step: rules.step(inLoop: loop))
  }

  /// The same for a step of addresses that differ.
  package mutating func rewrite(
    by rules: RewriteRules, _ frame: DecodedFrame, step: UInt64
  ) throws(MbufError) -> RewriteOutcome {
    var outcome = RewriteOutcome()
    let edit: RewriteEdit
    do throws(MbufError) {
      edit = try self.edit(by: rules, frame, step, &outcome)
    } catch {
      // What is read was captured: every place is compared with the packet's length before.
      preconditionFailure("\(error)")
    }
    guard edit.end > 0 else { return outcome }
    try makeHeadersWritable(edit.end, frame, headroom: edit.pushesTag ? VLANTag.byteCount : 0)
    var bytes = mutableBytes
    edit.write(into: &bytes)
    try changeTags(edit.tag)
    outcome.isRewritten = true
    return outcome
  }

  /// Makes the first bytes contiguous and ours to write, with room in front.
  ///
  /// What has to be copied is copied with all headers: who decodes the packet next finds them in one
  /// piece.
  ///
  /// - Throws: as `copyUp(_:headroom:)` does; the packet is unchanged.
  mutating func makeHeadersWritable(
    _ byteCount: Int, _ frame: DecodedFrame, headroom: Int
  ) throws(MbufError) {
    if isWritableInFront(byteCount), headroom <= self.headroom { return }
    let headers = Swift.min(frame.payloadOffset, DecodedFrame.sufficientByteCount, self.byteCount)
    // A little more than one tag, and what comes behind it aligned.
    try copyUp(Swift.max(byteCount, headers), headroom: headroom == 0 ? 0 : 16)
  }

  private mutating func isWritableInFront(_ byteCount: Int) -> Bool {
    guard byteCount <= contiguousByteCount else { return false }
    switch mutableBytes(in: 0..<byteCount) {
    case .some: return true
    case .none: return false
    }
  }

  /// Puts a tag behind the link addresses, or takes it out, by moving those.
  ///
  /// - Precondition: to push, there is headroom for it.
  private mutating func changeTags(_ tag: RewriteEdit.Tag) throws(MbufError) {
    let wireByteCount = header.wireByteCount
    switch tag {
    case .none, .set: return
    case .push(let control):
      let (destination, source) = try linkAddresses()
      // Cannot fail: it takes the headroom.
      try prepend(VLANTag.byteCount)
      var bytes = mutableBytes
      bytes.store(destination, at: 0)
      bytes.store(source, at: 6)
      bytes.store(EtherType.vlan.rawValue, at: 12)
      bytes.store(control, at: EthernetHeader.byteCount)
      header.wireByteCount = wireByteCount.map { $0 + VLANTag.byteCount }
    case .pop:
      let (destination, source) = try linkAddresses()
      var bytes = mutableBytes
      bytes.store(destination, at: VLANTag.byteCount)
      bytes.store(source, at: VLANTag.byteCount + 6)
      trimFront(VLANTag.byteCount)
      header.wireByteCount = wireByteCount.map { Swift.max(0, $0 - VLANTag.byteCount) }
    }
  }
}
