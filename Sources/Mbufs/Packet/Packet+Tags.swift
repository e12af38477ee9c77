// SPDX-License-Identifier: BSD-2-Clause
import UMA

// Tags are known by their place: 0 is the one added last. They move with the packet's header, are
// copied where the header is, and end with it.

extension Packet {
  // MARK: Inspecting

  /// Tags of the packet.
  public var tagCount: Int { head.tags.reduce(0) { count, _ in count + 1 } }

  /// The tag at a place.
  ///
  /// - Precondition: `index` is within 0..<`tagCount`.
  public func tag(at index: Int) -> PacketTag { tagMbuf(index).tag }

  /// Where the first tag of a kind is, or the next after a place; nil if there is none.
  ///
  /// - Complexity: O(tags).
  ///
  /// BSD: `m_tag_locate`, `m_tag_find`.
  public func tagIndex(cookie: UInt32, id: UInt16, after index: Int? = nil) -> Int? {
    for (place, tag) in head.tags.enumerated()
    where place > index ?? -1 && tag.tag.cookie == cookie && tag.tag.id == id {
      return place
    }
    return nil
  }

  /// The payload of the tag at a place.
  ///
  /// - Precondition: `index` is within 0..<`tagCount`.
  @_lifetime(borrow self)
  public func tagBytes(at index: Int) -> RawSpan {
    // The tag lives as long as the packet that lends the span.
    unsafe _overrideLifetime(tagMbuf(index).tagBytes, borrowing: self)
  }

  /// The payload of the tag at a place, to be written.
  ///
  /// - Precondition: `index` is within 0..<`tagCount`.
  @_lifetime(&self)
  public mutating func mutableTagBytes(at index: Int) -> MutableRawSpan {
    // The tag lives as long as the packet, which is held exclusively; tags are never shared.
    unsafe _overrideLifetime(tagMbuf(index).mutableTagBytes, mutating: &self)
  }

  private func tagMbuf(_ index: Int) -> Mbuf {
    guard index >= 0, let tag = head.tagBefore(index + 1) else {
      preconditionFailure("tag \(index) of \(tagCount)")
    }
    return tag
  }

  // MARK: Changing

  /// Adds a tag in front of the others, its payload zero.
  ///
  /// - Parameters:
  ///   - tag: what it is, with 0...`PacketTag.mostBytes` bytes of payload.
  ///   - onRelease: runs with the payload when the tag ends, on the thread that ends it.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged, and `onRelease` does not run.
  ///
  /// BSD: `m_tag_alloc`, `m_tag_prepend`, `m_tag_free`.
  public mutating func addTag(
    _ tag: PacketTag, onRelease: (@Sendable (RawSpan) -> Void)? = nil,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    let mbuf = try head.makeTag(tag, CallSite(file, line))
    if let onRelease { unsafe mbuf.tagHead.release = .passRetained(TagRelease(onRelease)) }
    mbuf.nextPacket = head.firstTag
    head.firstTag = mbuf
  }

  /// Ends the tag at a place.
  ///
  /// - Precondition: `index` is within 0..<`tagCount`.
  ///
  /// BSD: `m_tag_delete`.
  public mutating func removeTag(at index: Int) { unlinkTag(index).endTag() }

  /// Ends the tag at a place and those behind it.
  ///
  /// - Precondition: `index` is within 0...`tagCount`.
  ///
  /// BSD: `m_tag_delete_chain`.
  public mutating func removeTags(from index: Int) {
    let count = tagCount
    precondition((0...count).contains(index), "tags from \(index) of \(count)")
    for place in stride(from: count - 1, through: index, by: -1) { removeTag(at: place) }
  }

  /// Ends the tags whose id lacks the bit `PacketTag.persistent`.
  ///
  /// BSD: `m_tag_delete_nonpersistent`.
  public mutating func removeTransientTags() {
    for place in stride(from: tagCount - 1, through: 0, by: -1)
    where tag(at: place).id & PacketTag.persistent == 0 {
      removeTag(at: place)
    }
  }

  /// Moves the tag at a place to the front of another packet's tags, release closure and all.
  ///
  /// - Precondition: `index` is within 0..<`tagCount`.
  ///
  /// BSD: `m_tag_unlink`, `m_tag_prepend`.
  public mutating func moveTag(at index: Int, to other: inout Packet) {
    let tag = unlinkTag(index)
    tag.nextPacket = other.head.firstTag
    other.head.firstTag = tag
  }

  /// Replaces the packet's tags by copies of another's, in order.
  ///
  /// - Parameters:
  ///   - other: whose tags are copied, without their release closures.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.exhausted`; the packet is unchanged.
  ///
  /// BSD: `m_tag_copy_chain`; on failure that one leaves no tags.
  public mutating func copyTags(
    from other: borrowing Packet, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    let tags = try other.head.copyOfTags(CallSite(file, line))
    head.dropTags()
    if tags != nil { head.firstTag = tags }
  }

  private func unlinkTag(_ index: Int) -> Mbuf {
    let tag = tagMbuf(index)
    if let before = head.tagBefore(index) {
      before.nextPacket = tag.nextPacket
    } else {
      head.firstTag = tag.nextPacket
    }
    tag.nextPacket = nil
    return tag
  }
}
