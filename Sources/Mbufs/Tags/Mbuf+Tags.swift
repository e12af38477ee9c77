// SPDX-License-Identifier: BSD-2-Clause
import UMA

// The tags of a packet, by its first mbuf, which its header points to.

extension Mbuf {
  /// The tags, first to last.
  var tags: ListWalk { ListWalk(firstTag) }

  /// The link that leads to tag `index`: the tag before it, nil for the first.
  func tagBefore(_ index: Int) -> Mbuf? {
    var tag: Mbuf?
    for _ in 0..<index { tag = tag == nil ? firstTag : tag?.nextPacket }
    return tag
  }

  /// Ends every tag.
  ///
  /// BSD: `m_tag_delete_chain` of all.
  func dropTags() {
    if flags.contains(.tagged) { dropTagsSlow() }
  }

  @inline(never)
  private func dropTagsSlow() {
    let ending = tags
    firstTag = nil
    for tag in ending { tag.endTag() }
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
    for tag in tags {
      do throws(MbufError) {
        let copy = try makeTag(tag.tag, site)
        var payload = copy.mutableTagBytes
        payload.replace(at: 0, with: tag.tagBytes)
        if let last { last.nextPacket = copy } else { first = copy }
        last = copy
      } catch {
        for copy in ListWalk(first) { copy.endTag() }
        throw error
      }
    }
    return first
  }
}
