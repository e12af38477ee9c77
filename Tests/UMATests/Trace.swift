// SPDX-License-Identifier: BSD-2-Clause
import Foundation

/// What a kernel's allocator did, step by step, recorded with `ncpu` per-CPU caches.
///
///     setup "mbuma"     zones mbuf (256 bytes), mbuf_cluster (2,048 bytes, counted, limited) and
///                       mbuf_packet, which shares the keg of mbuf; its import takes a cluster
///     setup "single"    one zone z, of any size and flag, perhaps with a hook that fails
///
/// Of each state the record says `c`, which no caching policy can change as long as neither limit
/// nor shortage of pages is near, and how many items had been imported and exported.
struct Trace: Decodable {
  var id: String
  var setup: String
  var ncpu: Int
  var clusterMax: Int?
  var size: Int?
  /// The mask: alignment - 1.
  var align: Int?
  var flag: String?
  var max: Int?
  /// `construct` refuses at every so many calls, 0 for never.
  var ctorFailEvery: Int?
  /// `initialize` refuses once, at that call, 0 for never.
  var initFailAt: Int?
  var steps: [Step]
  /// After everything was freed and reclaimed; absent if the last step blocked.
  var final: [State]?

  struct Step: Decodable {
    var op: String
    var z: String?
    var cpu: Int?
    var n: Int?
    /// How many of `n` allocations succeeded.
    var ok: Int?
    var wait: String?
    var zero: Int?
    /// Pages that the page supplier had left to give.
    var extra: Int?
    /// The zones' states after it, in the order of `Trace.zoneNames`.
    var st: [State]?
  }

  struct State: Decodable {
    var c: Content
    var l: Layout

    struct Content: Decodable {
      var inuse: Int
      var held: Int
      var ctor: Int
      var dtor: Int
    }

    struct Layout: Decodable {
      var zinit: Int
      var zfini: Int
    }
  }

  var zoneNames: [String] {
    setup == "mbuma" ? ["mbuf", "mbuf_cluster", "mbuf_packet"] : ["z"]
  }

  /// Whether zeroed items are asked of a zone.
  func zeroes(_ name: String) -> Bool { steps.contains { $0.z == name && $0.zero == 1 } }
}
