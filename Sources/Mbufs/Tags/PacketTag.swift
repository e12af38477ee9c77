// SPDX-License-Identifier: BSD-2-Clause
//
// A tag says something of a packet that its header has no field for. It is an mbuf of type `.tag`
// with the smallest storage that holds it, so tags come from the packet's pool, count as its mbufs
// and are found by the same leak checks:
//
//     packet header --tags--> [tag] --next packet--> [tag] --next packet--> nil
//
//      0          4      6      8             16
//     | cookie   | id   |       | release     | payload ...            at the data of a tag's mbuf
//
//     .tagged on the first mbuf  <=>  its header has a tag
//
// The cookie says whose ids they are, by custom the time, in seconds since 1970, at which they were
// defined. `release` is nil or a closure that runs when the tag ends.

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
@safe
struct TagHead {
  var cookie: UInt32
  var id: UInt16
  var release: Unmanaged<TagRelease>?
}

// A tag's mbuf: everything here is about one that holds a tag, whose head is `headByteCount` bytes
// at its data. The mbuf was got for as many bytes as head and payload have, and is never shared.
extension Mbuf {
  var tagHead: TagHead {
    unsafeAddress { unsafe UnsafePointer(tagPlace) }
    nonmutating unsafeMutableAddress { unsafe tagPlace }
  }

  private var tagPlace: UnsafeMutablePointer<TagHead> {
    unsafe data.assumingMemoryBound(to: TagHead.self)
  }

  var tag: PacketTag {
    PacketTag(
      cookie: tagHead.cookie, id: tagHead.id, byteCount: byteCount - PacketTag.headByteCount)
  }

  /// The payload.
  var tagBytes: RawSpan {
    @_lifetime(borrow self)
    get { bytes(PacketTag.headByteCount, byteCount - PacketTag.headByteCount) }
  }

  /// The payload, which the owner of the tag's packet may write.
  var mutableTagBytes: MutableRawSpan {
    @_lifetime(borrow self)
    get { mutableBytes(PacketTag.headByteCount, byteCount - PacketTag.headByteCount) }
  }

  /// A tag on no packet, its payload zero.
  ///
  /// BSD: `m_tag_alloc`.
  func makeTag(_ tag: PacketTag, _ site: CallSite) throws(MbufError) -> Mbuf {
    precondition(
      (0...PacketTag.mostBytes).contains(tag.byteCount),
      "a tag of \(tag.byteCount) bytes, at most \(PacketTag.mostBytes)")
    let byteCount = PacketTag.headByteCount + tag.byteCount
    let mbuf = try pool.piece(byteCount, .jumbo16, [], site)
    mbuf.type = .tag
    mbuf.appendZeroes(byteCount)
    mbuf.tagHead = unsafe TagHead(cookie: tag.cookie, id: tag.id, release: nil)
    return mbuf
  }

  /// Ends a tag that is on no packet any more.
  ///
  /// BSD: `m_tag_free`.
  func endTag() {
    if let release = unsafe tagHead.release?.takeRetainedValue() { release.run(tagBytes) }
    nextPacket = nil
    type = .data
    giveBack()
  }
}
