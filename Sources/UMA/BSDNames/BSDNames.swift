// SPDX-License-Identifier: BSD-2-Clause
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation, AlwaysUseLowerCamelCase
//
// The allocator in BSD's spelling: BSDName.swift says how that works. The names are those of the tables in
// ComingFromBSD.md, in the same order.

@available(*, unavailable, renamed: "Zone")
public typealias uma_zone_t = Never

@available(*, unavailable, renamed: "Zone.init(name:itemByteCount:alignment:hooks:)")
@export(implementation) public var uma_zcreate: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.init(name:sharing:hooks:)")
@export(implementation) public var uma_zsecond_create: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.allocate(_:)")
@export(implementation) public var uma_zalloc: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.free(_:)")
@export(implementation) public var uma_zfree: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.limitInItems")
@export(implementation) public var uma_zone_set_max: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.reclaim(_:)")
@export(implementation) public var uma_zone_reclaim: BSDName { fatalError() }

@available(*, unavailable, renamed: "ReclaimLevel.trim")
@export(implementation) public var UMA_RECLAIM_TRIM: Int { fatalError() }

@available(*, unavailable, renamed: "ReclaimLevel.drain")
@export(implementation) public var UMA_RECLAIM_DRAIN: Int { fatalError() }

@available(*, unavailable, renamed: "ReclaimLevel.drainWithCaches")
@export(implementation) public var UMA_RECLAIM_DRAIN_CPU: Int { fatalError() }

@available(*, unavailable, renamed: "Zone.reclaimAll(_:)")
@export(implementation) public var uma_reclaim: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.tick()")
@export(implementation) public var uma_timeout: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.tickInterval")
@export(implementation) public var UMA_TIMEOUT: Int { fatalError() }

@available(*, unavailable, renamed: "MemoryPressure.raise(_:)")
@export(implementation) public var mb_reclaim: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.destroy()")
@export(implementation) public var uma_zdestroy: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.referenceCounter(of:)")
@export(implementation) public var uma_find_refcnt: BSDName { fatalError() }

@available(*, unavailable, message: "give the zone a PageSource when it is made")
@export(implementation) public var uma_alloc: BSDName { fatalError() }

@available(*, unavailable, message: "give the zone a PageSource when it is made")
@export(implementation) public var uma_free: BSDName { fatalError() }

@available(*, unavailable, message: "give the zone a PageSource when it is made")
@export(implementation) public var uma_zone_set_allocf: BSDName { fatalError() }

@available(*, unavailable, message: "give the zone a PageSource when it is made")
@export(implementation) public var uma_zone_set_freef: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.preallocate(_:)")
@export(implementation) public var uma_prealloc: BSDName { fatalError() }

@available(*, unavailable, renamed: "Wait.noWait")
@export(implementation) public var M_NOWAIT: Int { fatalError() }

@available(*, unavailable, renamed: "Wait.wait(until:)")
@export(implementation) public var M_WAITOK: Int { fatalError() }

@available(*, unavailable, renamed: "Wait.noPages")
@export(implementation) public var M_NOVM: Int { fatalError() }

@available(*, unavailable, message: "say zeroed: true")
@export(implementation) public var M_ZERO: Int { fatalError() }

@available(*, unavailable, renamed: "Zone.init(name:itemByteCount:source:hooks:)")
@export(implementation) public var uma_zcache_create: BSDName { fatalError() }

@available(*, unavailable, renamed: "ItemSource")
@export(implementation) public var uma_import: BSDName { fatalError() }

@available(*, unavailable, renamed: "ItemSource")
@export(implementation) public var uma_release: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.setLimitNotice(_:action:)")
@export(implementation) public var uma_zone_set_warning: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.setLimitNotice(_:action:)")
@export(implementation) public var uma_zone_set_maxaction: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.reserveInItems")
@export(implementation) public var uma_zone_reserve: BSDName { fatalError() }

@available(*, unavailable, message: "say usesReserve: true")
@export(implementation) public var M_USE_RESERVE: Int { fatalError() }

@available(*, unavailable, renamed: "Zone.setInitialize(_:)")
@export(implementation) public var uma_zone_set_init: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.setFinalize(_:)")
@export(implementation) public var uma_zone_set_fini: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.setImport(_:)")
@export(implementation) public var uma_zone_set_zinit: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.setExport(_:)")
@export(implementation) public var uma_zone_set_zfini: BSDName { fatalError() }

@available(*, unavailable, renamed: "Zone.allocate(_:)")
@export(implementation) public var uma_zalloc_arg: BSDName { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.zeroInitialize")
@export(implementation) public var UMA_ZONE_ZINIT: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.offPage")
@export(implementation) public var UMA_ZONE_OFFPAGE: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.malloc")
@export(implementation) public var UMA_ZONE_MALLOC: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.noFree")
@export(implementation) public var UMA_ZONE_NOFREE: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.ownLockClass")
@export(implementation) public var UMA_ZONE_MTXCLASS: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.bucketCacheOnly")
@export(implementation) public var UMA_ZONE_VM: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.hash")
@export(implementation) public var UMA_ZONE_HASH: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.secondary")
@export(implementation) public var UMA_ZONE_SECONDARY: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.referenceCounted")
@export(implementation) public var UMA_ZONE_REFCNT: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.largestBuckets")
@export(implementation) public var UMA_ZONE_MAXBUCKET: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.cacheSpread")
@export(implementation) public var UMA_ZONE_CACHESPREAD: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.pageMap")
@export(implementation) public var UMA_ZONE_VTOSLAB: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.noDump")
@export(implementation) public var UMA_ZONE_NODUMP: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.noTouch")
@export(implementation) public var UMA_ZONE_NOTOUCH: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.noBucket")
@export(implementation) public var UMA_ZONE_NOBUCKET: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.privatePages")
@export(implementation) public var UMA_ZFLAG_PRIVALLOC: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.internalZone")
@export(implementation) public var UMA_ZFLAG_INTERNAL: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.full")
@export(implementation) public var UMA_ZFLAG_FULL: Int { fatalError() }

@available(*, unavailable, renamed: "ZoneFlags.cacheOnly")
@export(implementation) public var UMA_ZFLAG_CACHEONLY: Int { fatalError() }

@available(*, unavailable, message: "never had an effect")
@export(implementation) public var UMA_ZONE_PAGEABLE: Int { fatalError() }

@available(*, unavailable, message: "never had an effect")
@export(implementation) public var UMA_ZONE_STATIC: Int { fatalError() }

@available(
  *, unavailable,
  message: "says that a slab has no page descriptors; here the page source's type says it"
)
@export(implementation) public var UMA_ZONE_NOTPAGE: Int { fatalError() }

@available(*, unavailable, message: "every slab is one run of adjacent pages")
@export(implementation) public var UMA_ZONE_CONTIG: Int { fatalError() }

@available(
  *, unavailable,
  message: "an item per processor, addressed by offset: threads here have caches, not items"
)
@export(implementation) public var UMA_ZONE_PCPU: Int { fatalError() }

@available(
  *, unavailable,
  message:
    "the system places pages in memory domains; give a page source that asks for another policy"
)
@export(implementation) public var UMA_ZONE_FIRSTTOUCH: Int { fatalError() }

@available(
  *, unavailable,
  message:
    "the system places pages in memory domains; give a page source that asks for another policy"
)
@export(implementation) public var UMA_ZONE_ROUNDROBIN: Int { fatalError() }

@available(*, unavailable, message: "no deferred reclamation; noFree keeps memory readable")
@export(implementation) public var UMA_ZONE_SMR: Int { fatalError() }

@available(*, unavailable, message: "no kernel address sanitizer")
@export(implementation) public var UMA_ZONE_NOKASAN: Int { fatalError() }

@available(*, unavailable, message: "buckets come from kegs without zones")
@export(implementation) public var UMA_ZFLAG_BUCKET: Int { fatalError() }

@available(*, unavailable, message: "a zone has one keg")
@export(implementation) public var UMA_ZFLAG_MULTI: Int { fatalError() }

@available(*, unavailable, message: "drains may run side by side")
@export(implementation) public var UMA_ZFLAG_DRAINING: Int { fatalError() }
