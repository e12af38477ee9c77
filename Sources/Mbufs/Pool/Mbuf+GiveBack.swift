// SPDX-License-Identifier: BSD-2-Clause
//
// Which way an mbuf goes back follows from its storage kind:
//
//     inner, cluster, jumbo…,
//     lent                      came from the mbuf zone       -> mbuf zone, storage released
//     packet, sole owner        came from the packet zone     -> packet zone, cluster attached
//     packet, shared            the cluster lives on with another mbuf -> the keg, stripped

import UMA

extension Mbuf {
  /// Gives this mbuf, which holds neither tags nor a type of its own, back to its zone, and its
  /// storage if nobody else sees that.
  ///
  /// BSD: `m_free`, `mb_free_ext`.
  @inline(__always)
  func giveBack() {
    let pool = pool
    switch kind {
    case .inner: free(to: pool.zones.mbufs)
    case .packet:
      if dropsLastReference() {
        free(to: pool.zones.packets)
      } else {
        unsafe pool.zones.packets.freeStripped(raw)
      }
    case .cluster: giveBack(to: pool.zones.clusters)
    case .jumboPage: giveBack(to: pool.zones.pages)
    case .jumbo9: giveBack(to: pool.zones.jumbo9)
    case .jumbo16: giveBack(to: pool.zones.jumbo16)
    case .lent:
      // The lender is told last: what it does then may free or allocate anything.
      let lender = dropsLastReference() ? unsafe pool.endRecord(of: storage) : nil
      free(to: pool.zones.mbufs)
      if let lender = unsafe lender { unsafe lender.tell() }
    }
  }

  /// Frees the bytes of the mbuf itself.
  @inlinable @inline(__always)
  func free(to zone: Zone) { unsafe zone.freeItem(raw) }

  private func giveBack(to zone: Zone) {
    if dropsLastReference() { unsafe zone.freeItem(storage.base) }
    free(to: pool.zones.mbufs)
  }

  /// Gives up this mbuf's hold on its storage; true if nobody else has one.
  private func dropsLastReference() -> Bool {
    if flags.isDisjoint(with: .shared) { return true }
    return storage.release()
  }

  /// Makes `copy`, which has inner storage, see this one's external storage, and has it show
  /// `byteCount` bytes from `offset` on.
  ///
  /// BSD: `mb_dupcl`.
  func share(with copy: Mbuf, _ offset: Int, _ byteCount: Int) {
    storage.retain()
    copy.storage = storage
    copy.kind = kind == .packet ? .cluster : kind
    flags.insert(.shared)
    copy.flags.formUnion([.external, .shared])
    if flags.contains(.readOnly) { copy.flags.insert(.readOnly) }
    unsafe copy.data = data + offset
    copy.byteCount = byteCount
  }
}
