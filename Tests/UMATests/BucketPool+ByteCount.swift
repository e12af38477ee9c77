// SPDX-License-Identifier: BSD-2-Clause
@testable import UMA

extension BucketPool {
  /// Bytes of the slabs that hold buckets, in use or not.
  var byteCount: Int {
    kegs.reduce(0) { sum, keg in sum + keg.slabs.withLock { $0.slabCount } * keg.layout.byteCount }
  }
}
