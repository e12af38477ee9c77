// SPDX-License-Identifier: BSD-2-Clause
//
// One word for all options of a zone and its keg, so that no flag is defined twice.
//
//     31        28 27                                                 0
//     | internal  |  for whoever makes a zone                          |
//       cacheOnly, full, internalZone, privatePages: set by the zone itself
//
// The bits up to 1 << 14 are those of FreeBSD 9, and so are the internal four.

/// How a zone is made, and how it is.
///
/// Some follow from others: `bucketCacheOnly` brings `.cacheOnly`, `malloc` brings `pageMap`.
/// A combination that contradicts itself traps where the zone is made, with the names.
///
/// BSD: `UMA_ZONE_*` (sys/vm/uma.h), `UMA_ZFLAG_*` (sys/vm/uma_int.h).
public struct ZoneFlags: OptionSet, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt32

  /// Flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Every item is filled with zeroes when its slab is made, in place of `initialize`: 0x2.
  ///
  /// BSD: `UMA_ZONE_ZINIT`.
  public static let zeroInitialize = ZoneFlags(rawValue: 1 << 1)

  /// The headers of slabs stand off their pages, whatever the geometry would choose: 0x8.
  ///
  /// BSD: `UMA_ZONE_OFFPAGE`.
  public static let offPage = ZoneFlags(rawValue: 1 << 3)

  /// The keg serves a general allocator: slabs are found by page alone: 0x10.
  ///
  /// BSD: `UMA_ZONE_MALLOC`.
  public static let malloc = ZoneFlags(rawValue: 1 << 4)

  /// No slab goes back to the page source before the keg ends: 0x20.
  ///
  /// What was once an item stays memory of this zone's items, which readers without a lock need.
  /// BSD: `UMA_ZONE_NOFREE`.
  public static let noFree = ZoneFlags(rawValue: 1 << 5)

  /// The zone's lock is a class of its own to a lock checker: 0x40.
  ///
  /// For zones that are allocated from while another zone of their kind frees.
  /// BSD: `UMA_ZONE_MTXCLASS`.
  public static let ownLockClass = ZoneFlags(rawValue: 1 << 6)

  /// The zone serves a page source: it takes buckets only out of what is in stock, and needs
  /// neither headers off the page nor items larger than a page: 0x80.
  ///
  /// So that an allocation for the page source never enters the page source.
  /// BSD: `UMA_ZONE_VM`.
  public static let bucketCacheOnly = ZoneFlags(rawValue: 1 << 7)

  /// Slabs are found in a hash table by the address of their page: 0x100.
  ///
  /// BSD: `UMA_ZONE_HASH`.
  public static let hash = ZoneFlags(rawValue: 1 << 8)

  /// The zone shares another's keg; read, never given: 0x200.
  ///
  /// BSD: `UMA_ZONE_SECONDARY`.
  public static let secondary = ZoneFlags(rawValue: 1 << 9)

  /// Every item has a counter, found by `referenceCounter(of:)`: 0x400.
  ///
  /// BSD: `UMA_ZONE_REFCNT`.
  public static let referenceCounted = ZoneFlags(rawValue: 1 << 10)

  /// Buckets have the largest capacity from the start, under a small limit too: 0x800.
  ///
  /// BSD: `UMA_ZONE_MAXBUCKET`.
  public static let largestBuckets = ZoneFlags(rawValue: 1 << 11)

  /// Items begin at different cache lines, so that the same field of many items does not crowd
  /// one set of the cache: 0x1000.
  ///
  /// BSD: `UMA_ZONE_CACHESPREAD`.
  public static let cacheSpread = ZoneFlags(rawValue: 1 << 12)

  /// Slabs are found by a table of pages: 0x2000.
  ///
  /// BSD: `UMA_ZONE_VTOSLAB`.
  public static let pageMap = ZoneFlags(rawValue: 1 << 13)

  /// The items' pages are left out of core dumps: 0x4000.
  ///
  /// BSD: `UMA_ZONE_NODUMP`.
  public static let noDump = ZoneFlags(rawValue: 1 << 14)

  /// The allocator writes nothing into the items' pages: 0x8000.
  ///
  /// The header stands off the slab, and no item is filled or zeroed by the zone.
  /// BSD: `UMA_ZONE_NOTOUCH`.
  public static let noTouch = ZoneFlags(rawValue: 1 << 15)

  /// No caches and no buckets: every item comes from its slab and goes back to it: 0x1_0000.
  ///
  /// BSD: `UMA_ZONE_NOBUCKET`.
  public static let noBucket = ZoneFlags(rawValue: 1 << 16)
}

// MARK: - Set by the zone itself

extension ZoneFlags {
  /// The pages come from a source that is no `PageArena`: 0x1000_0000.
  ///
  /// BSD: `UMA_ZFLAG_PRIVALLOC`.
  package static let privatePages = ZoneFlags(rawValue: 1 << 28)

  /// A zone of the allocator's own: no caches in threads, headers in the page: 0x2000_0000.
  ///
  /// BSD: `UMA_ZFLAG_INTERNAL`.
  package static let internalZone = ZoneFlags(rawValue: 1 << 29)

  /// The zone has as many items as its limit allows: 0x4000_0000.
  ///
  /// BSD: `UMA_ZFLAG_FULL`.
  package static let full = ZoneFlags(rawValue: 1 << 30)

  /// Buckets come only out of what is in stock: 0x8000_0000.
  ///
  /// BSD: `UMA_ZFLAG_CACHEONLY`.
  package static let cacheOnly = ZoneFlags(rawValue: 1 << 31)

  /// Whether the header must stand in the slab, since nothing may be allocated for it.
  var keepsHeaderInside: Bool { !isDisjoint(with: [.internalZone, .cacheOnly]) }

  /// Whether the header must stand off the slab.
  var keepsHeaderOutside: Bool { !isDisjoint(with: [.offPage, .noTouch]) }

  /// Every flag with its name, low bit first.
  package static let names: [(flag: ZoneFlags, name: String)] = [
    (.zeroInitialize, "zeroInitialize"), (.offPage, "offPage"), (.malloc, "malloc"),
    (.noFree, "noFree"), (.ownLockClass, "ownLockClass"), (.bucketCacheOnly, "bucketCacheOnly"),
    (.hash, "hash"), (.secondary, "secondary"), (.referenceCounted, "referenceCounted"),
    (.largestBuckets, "largestBuckets"), (.cacheSpread, "cacheSpread"), (.pageMap, "pageMap"),
    (.noDump, "noDump"), (.noTouch, "noTouch"), (.noBucket, "noBucket"),
    (.privatePages, "privatePages"), (.internalZone, "internalZone"), (.full, "full"),
    (.cacheOnly, "cacheOnly"),
  ]

  /// The names of those that are set, low bit first.
  package var setNames: [String] { Self.names.filter { contains($0.flag) }.map(\.name) }

  /// Pairs that contradict each other.
  private static let contradictions: [(ZoneFlags, ZoneFlags)] = [
    (.hash, .pageMap), (.hash, .malloc),
    (.bucketCacheOnly, .offPage), (.bucketCacheOnly, .noTouch), (.bucketCacheOnly, .noBucket),
    (.internalZone, .offPage), (.internalZone, .noTouch),
    (.zeroInitialize, .noTouch), (.largestBuckets, .noBucket),
  ]

  /// These flags with those that follow from them.
  ///
  /// - Precondition: no two contradict each other, and none is one that a zone sets itself.
  func completed() -> ZoneFlags {
    for flag: ZoneFlags in [.secondary, .privatePages, .full, .cacheOnly] {
      precondition(!contains(flag), "\(flag) cannot be given to a zone")
    }
    for (one, other) in Self.contradictions {
      precondition(!contains(one) || !contains(other), "\(one) contradicts \(other)")
    }
    var flags = self
    if contains(.bucketCacheOnly) { flags.insert(.cacheOnly) }
    if contains(.malloc) { flags.insert(.pageMap) }
    return flags
  }
}

extension ZoneFlags: CustomStringConvertible {
  /// The names, low bit first.
  public var description: String {
    let names = setNames.map { ".\($0)" }
    return names.count == 1 ? names[0] : "[\(names.joined(separator: ", "))]"
  }
}
