// SPDX-License-Identifier: BSD-2-Clause
//
// A pool that ends while packets of its own are alive leaves its zones to them: they may still be
// freed, copied and lengthened, on any thread. Nobody watches for the last one, since that would
// cost every packet something; instead each pool that begins or ends looks whether the zones left
// by earlier ones are still needed.
//
//     listed core: zones alive, pool gone;  items in use > 0 when it was last looked at
//     no packet and no pool  =>  nobody can ever come to the zones again, so ending them is safe

import UMA

enum AbandonedPools {
  private static let cores = Guarded<[UInt]>([])

  /// Ends the zones of a pool that is gone, at once or when its packets are.
  static func end(_ core: UnsafeMutablePointer<PoolCore>) {
    if unsafe !core.endIfUnused() {
      cores.withLock { $0.append(UInt(bitPattern: core)) }
    }
  }

  /// Ends the zones whose last packet has gone since.
  static func sweep() {
    let listed = cores.withLock { cores in
      defer { cores = [] }
      return cores
    }
    for address in listed {
      guard let core = unsafe UnsafeMutablePointer<PoolCore>(bitPattern: address) else { continue }
      unsafe end(core)
    }
  }
}

extension UnsafeMutablePointer<PoolCore> {
  /// Mbufs with packets, counted at one moment.
  var outstanding: Int {
    unsafe Zone.itemsInUse(of: [pointee.packetZone, pointee.mbufZone])
  }

  /// Ends the zones if no packet holds an mbuf of theirs; false if one does.
  ///
  /// - Precondition: the pool is gone, so only packets can come to the zones.
  fileprivate func endIfUnused() -> Bool {
    unsafe pointee.packetZone.drain()
    guard unsafe outstanding == 0 else { return false }
    let left =
      unsafe pointee.packetZone.destroy() + pointee.mbufZone.destroy()
      + ClusterSize.allCases.reduce(0) { unsafe $0 + pointee.zone(of: $1).destroy() }
      + pointee.recordZone.destroy()
    precondition(left == 0, "\(left) items are out of zones that have none in use")
    unsafe deinitialize(count: 1)
    unsafe deallocate()
    return true
  }
}
