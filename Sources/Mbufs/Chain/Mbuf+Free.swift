// SPDX-License-Identifier: BSD-2-Clause
import UMA

extension Mbuf {
  /// Frees this mbuf and those behind it.
  ///
  /// BSD: `m_freem`.
  @inlinable @inline(__always)
  func freeChain() {
    guard next == nil, flags.isDisjoint(with: .heavy) else { return freeChainSlow() }
    if kind == .packet {
      free(to: pool.zones.packets)
    } else if kind == .inner {
      free(to: pool.zones.mbufs)
    } else {
      freeChainSlow()
    }
  }

  @usableFromInline
  @inline(never)
  func freeChainSlow() {
    for mbuf in chain { mbuf.freeOne() }
  }

  /// Frees this mbuf alone.
  ///
  /// BSD: `m_free`.
  func freeOne() {
    if !flags.isDisjoint(with: [.tagged, .typed]) {
      dropTags()
      type = .data
    }
    giveBack()
  }

  /// Frees the mbufs behind this one; the record that ended with them ends here.
  @inline(__always)
  func freeRest() {
    if let rest = next { free(rest) }
  }

  @inline(never)
  private func free(_ rest: Mbuf) {
    rest.last.moveEndOfRecord(to: self)
    rest.freeChain()
    next = nil
  }

  /// Keeps the first `byteCount` bytes from here on, and frees the mbufs behind the new end.
  func trimChain(to byteCount: Int) {
    let end = boundary(byteCount)
    end.mbuf.byteCount = end.byteCount
    end.mbuf.freeRest()
  }
}
