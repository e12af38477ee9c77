// SPDX-License-Identifier: BSD-2-Clause
//
// A tag says something of a packet that its header has no field for. It is an mbuf of type `.tag`
// with the smallest storage that holds it, so tags come from the packet's pool, count as its mbufs
// and are found by the same leak checks:
//
//     packet header --tags--> [tag] --next packet--> [tag] --next packet--> nil
//
//      0          4      6      8             16
//     | cookie   | id   | bytes | release     | payload ...            at the data of a tag's mbuf
//
//     .tagged on the first mbuf  <=>  its header has a tag
//
// The cookie says whose ids they are, by custom the seconds since 1970 at which somebody thought of
// them. `release` is nil or a closure that runs when the tag ends.

import UMA

/// What a tag is, without its payload.
///
/// BSD: `struct m_tag` (sys/sys/mbuf.h).
public struct PacketTag: Equatable, Sendable {
  /// Who defined the id.
  public var cookie: UInt32
  /// Which of the definer's tags it is.
  public var id: UInt16
  /// Bytes of payload.
  public var byteCount: Int

  /// Describes a tag.
  public init(cookie: UInt32, id: UInt16, byteCount: Int) {
    self.cookie = cookie
    self.id = id
    self.byteCount = byteCount
  }

  /// The bit of an id that lets a tag outlive `removeTransientTags()`.
  ///
  /// BSD: `MTAG_PERSISTENT`.
  public static let persistent: UInt16 = 0x800

  /// The most bytes of payload: a tag lies in one piece.
  public static let mostBytes = ClusterSize.jumbo16.byteCount - headByteCount

  static let headByteCount = 16
}

/// What runs when a tag ends.
final class TagRelease: Sendable {
  let run: @Sendable (RawSpan) -> Void
  init(_ run: @escaping @Sendable (RawSpan) -> Void) { self.run = run }
}

/// The bytes in front of a tag's payload.
@unsafe
struct TagHead {
  var cookie: UInt32
  var id: UInt16
  var byteCount: UInt16
  var release: Unmanaged<TagRelease>?
}

// A tag's mbuf: everything here is about one that holds a tag, whose head is `headByteCount` bytes
// at its data.
extension Mbuf {
  var tagHead: UnsafeMutablePointer<TagHead> { unsafe data.assumingMemoryBound(to: TagHead.self) }

  var tag: PacketTag {
    unsafe PacketTag(
      cookie: tagHead.pointee.cookie, id: tagHead.pointee.id,
      byteCount: Int(tagHead.pointee.byteCount))
  }

  /// First byte of the payload.
  var tagPayload: UnsafeMutableRawPointer { unsafe data + PacketTag.headByteCount }

  /// A tag on no packet, its payload as it comes.
  ///
  /// BSD: `m_tag_alloc`.
  func makeTag(_ tag: PacketTag, _ site: CallSite) throws(MbufError) -> Mbuf {
    precondition(
      (0...PacketTag.mostBytes).contains(tag.byteCount),
      "a tag of \(tag.byteCount) bytes, at most \(PacketTag.mostBytes)")
    let byteCount = PacketTag.headByteCount + tag.byteCount
    let mbuf = try unsafe pool.piece(byteCount, .jumbo16, [], site)
    mbuf.type = .tag
    mbuf.byteCount = byteCount
    // In bounds: the piece holds byteCount bytes.
    unsafe mbuf.tagHead.initialize(
      to: TagHead(
        cookie: tag.cookie, id: tag.id, byteCount: UInt16(tag.byteCount), release: nil))
    return mbuf
  }

  /// Ends a tag that is on no packet any more.
  ///
  /// BSD: `m_tag_free`.
  func endTag() {
    if let release = unsafe tagHead.pointee.release?.takeRetainedValue() {
      release.run(unsafe RawSpan(_unsafeStart: tagPayload, byteCount: tag.byteCount))
    }
    nextPacket = nil
    freeOne()
  }
}

// The tags of a packet, by its first mbuf.
extension Mbuf {
  var firstTag: Mbuf? {
    get {
      guard flags.contains(.tagged) else { return nil }
      return unsafe Mbuf(UnsafeMutablePointer(bitPattern: headerPlace.pointee.tags))
    }
    nonmutating set {
      unsafe headerPlace.pointee.tags = UInt(bitPattern: newValue?.at)
      if newValue == nil { flags.remove(.tagged) } else { flags.insert(.tagged) }
    }
  }

  /// The link that leads to tag `index`: the tag before it, nil for the first.
  func tagBefore(_ index: Int) -> Mbuf? {
    var tag: Mbuf?
    for _ in 0..<index { tag = tag == nil ? firstTag : tag?.nextPacket }
    return tag
  }

  /// Ends every tag.
  ///
  /// BSD: `m_tag_delete_chain` of all.
  @inlinable
  func dropTags() {
    if flags.contains(.tagged) { dropTagsSlow() }
  }

  @usableFromInline
  @inline(never)
  func dropTagsSlow() {
    var tag = firstTag
    if tag != nil { firstTag = nil }
    while let here = tag {
      tag = here.nextPacket
      here.endTag()
    }
  }

  /// Copies of this packet's tags, in order, on no packet yet; all or none.
  ///
  /// A copy has no release closure: what the closure knows of is not copied either.
  ///
  /// BSD: `m_tag_copy_chain`, `m_tag_copy`.
  func copyOfTags(_ site: CallSite) throws(MbufError) -> Mbuf? {
    flags.contains(.tagged) ? try copyOfTagsSlow(site) : nil
  }

  @inline(never)
  private func copyOfTagsSlow(_ site: CallSite) throws(MbufError) -> Mbuf? {
    var first: Mbuf?
    var last: Mbuf?
    var tag = firstTag
    while let here = tag {
      do throws(MbufError) {
        let copy = try makeTag(here.tag, site)
        // In bounds: both have as many bytes of payload.
        unsafe copy.tagPayload.copyMemory(from: here.tagPayload, byteCount: here.tag.byteCount)
        if let last { last.nextPacket = copy } else { first = copy }
        last = copy
      } catch {
        while let here = first {
          first = here.nextPacket
          here.endTag()
        }
        throw error
      }
      tag = here.nextPacket
    }
    return first
  }
}
