// SPDX-License-Identifier: BSD-2-Clause
//
// A pool that ends while packets of its own are alive leaves its zones to them: they may still be
// freed, copied and lengthened, on any thread. No packet checks whether it is the last, which would
// cost every packet something; instead each pool that begins or ends looks whether the zones left
// by earlier ones are still needed.
//
//     listed core: zones alive, pool gone;  items in use > 0 when it was last looked at
//     no packet and no pool  =>  nobody can ever come to the zones again, so ending them is safe

import UMA

enum AbandonedPools {
  private static let cores = Guarded<[PoolCore]>([])

  /// Ends the zones of a pool that is gone, at once or when its packets are.
  static func end(_ core: PoolCore) {
    if !core.endIfUnused() { cores.withLock { $0.append(core) } }
  }

  /// Ends the zones whose last packet has gone since.
  static func sweep() {
    let listed = cores.withLock { cores in
      defer { cores = [] }
      return cores
    }
    for core in listed { end(core) }
  }
}

extension PoolCore {
  /// Mbufs with packets, counted at one moment.
  var outstanding: Int { Zone.itemsInUse(of: [zones.packets, zones.mbufs]) }

  /// Ends the zones if no packet holds an mbuf of theirs; false if one does.
  ///
  /// - Precondition: the pool is gone, so only packets can come to the zones.
  fileprivate func endIfUnused() -> Bool {
    zones.packets.drain()
    guard outstanding == 0 else { return false }
    let left = zones.all.reduce(0) { $0 + $1.destroy() }
    precondition(left == 0, "\(left) items are out of zones that have none in use")
    // Nobody has the address any more: no mbuf is left, and the pool is gone.
    unsafe at.deinitialize(count: 1)
    unsafe at.deallocate()
    return true
  }
}
