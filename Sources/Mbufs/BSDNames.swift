// SPDX-License-Identifier: BSD-2-Clause
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation, AlwaysUseLowerCamelCase
//
// Mbufs in BSD's spelling: BSDName.swift says how that works. The names are those of the tables in
// ComingFromBSD.md, in the same order.

public import UMA

@available(*, unavailable, renamed: "MbufPool.init(clusterLimit:mbufLimit:)")
@export(implementation) public var mbuf_init: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufLayout.mbufByteCount")
@export(implementation) public var MSIZE: Int { fatalError() }

@available(*, unavailable, renamed: "MbufLayout.dataByteCount")
@export(implementation) public var MLEN: Int { fatalError() }

@available(*, unavailable, renamed: "MbufLayout.packetDataByteCount")
@export(implementation) public var MHLEN: Int { fatalError() }

@available(*, unavailable, renamed: "MbufLayout.clusterByteCount")
@export(implementation) public var MCLBYTES: Int { fatalError() }

@available(*, unavailable, renamed: "MbufLayout.leastClusterByteCount")
@export(implementation) public var MINCLSIZE: Int { fatalError() }

@available(*, unavailable, renamed: "ClusterSize.page")
@export(implementation) public var MJUMPAGESIZE: Int { fatalError() }

@available(*, unavailable, renamed: "ClusterSize.jumbo9")
@export(implementation) public var MJUM9BYTES: Int { fatalError() }

@available(*, unavailable, renamed: "ClusterSize.jumbo16")
@export(implementation) public var MJUM16BYTES: Int { fatalError() }

@available(
  *, unavailable, message: "Packet.isWritable tells who may write the bytes, wherever they lie"
)
@export(implementation) public var M_EXT: Int { fatalError() }

@available(*, unavailable, message: "a Packet has a header, an MbufChain has none")
@export(implementation) public var M_PKTHDR: Int { fatalError() }

@available(*, unavailable, renamed: "Packet.endsRecord")
@export(implementation) public var M_EOR: Int { fatalError() }

@available(*, unavailable, renamed: "Packet.markReadOnly()")
@export(implementation) public var M_RDONLY: Int { fatalError() }

@available(
  *, unavailable, message: "what a link says of a frame's destination is in its link header"
)
@export(implementation) public var M_BCAST: Int { fatalError() }

@available(
  *, unavailable, message: "what a link says of a frame's destination is in its link header"
)
@export(implementation) public var M_MCAST: Int { fatalError() }

@available(*, unavailable, renamed: "MbufType.data")
@export(implementation) public var MT_DATA: Int { fatalError() }

@available(*, unavailable, renamed: "MbufType.address")
@export(implementation) public var MT_SONAME: Int { fatalError() }

@available(*, unavailable, renamed: "MbufType.control")
@export(implementation) public var MT_CONTROL: Int { fatalError() }

@available(*, unavailable, renamed: "MbufType.outOfBand")
@export(implementation) public var MT_OOBDATA: Int { fatalError() }

@available(*, unavailable, renamed: "Packet.type")
@export(implementation) public var m_chtype: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.type")
@export(implementation) public var MCHTYPE: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.smallPacket(headroom:)")
@export(implementation) public var m_gethdr: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.smallPacket(headroom:)")
@export(implementation) public var MGETHDR: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(headroom:)")
@export(implementation) public var m_getcl: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(_:headroom:)")
@export(implementation) public var m_getjcl: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(contiguous:)")
@export(implementation) public var m_get2: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(byteCount:upTo:)")
@export(implementation) public var m_getm2: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(byteCount:upTo:)")
@export(implementation) public var m_getm: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.chain(byteCount:upTo:)")
@export(implementation) public var m_get: BSDName { fatalError() }

@available(
  *, unavailable,
  message: "Packet.appendZeroes(_:) of a packet got by MbufPool.smallPacket(headroom:)"
)
@export(implementation) public var m_getclr: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.chain(byteCount:upTo:)")
@export(implementation) public var MGET: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(copying:headroom:)")
@export(implementation) public var m_devget: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.attachCluster(_:)")
@export(implementation) public var m_clget: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.attachCluster(_:)")
@export(implementation) public var MCLGET: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.attachCluster(_:)")
@export(implementation) public var m_cljget: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.attachCluster(_:)")
@export(implementation) public var MCLALLOC: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(over:byteCount:)")
@export(implementation) public var m_extadd: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(over:byteCount:)")
@export(implementation) public var MEXTADD: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(over:byteCount:)")
@export(implementation) public var EXT_MOD_TYPE: Int { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(over:byteCount:)")
@export(implementation) public var EXT_NET_DRV: Int { fatalError() }

@available(*, unavailable, message: "a packet is freed where its scope ends")
@export(implementation) public var m_free: BSDName { fatalError() }

@available(*, unavailable, message: "a packet is freed where its scope ends")
@export(implementation) public var m_freem: BSDName { fatalError() }

@available(*, unavailable, message: "a packet is freed where its scope ends")
@export(implementation) public var mb_free_ext: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.byteCount")
@export(implementation) public var m_length: BSDName { fatalError() }

@available(*, unavailable, message: "Packet.byteCount is kept by every operation")
@export(implementation) public var m_fixhdr: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.headroom")
@export(implementation) public var M_LEADINGSPACE: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.tailroom")
@export(implementation) public var M_TRAILINGSPACE: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.isWritable")
@export(implementation) public var M_WRITABLE: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.alignToEnd(_:)")
@export(implementation) public var M_ALIGN: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.alignToEnd(_:)")
@export(implementation) public var MH_ALIGN: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.alignToEnd(_:)")
@export(implementation) public var m_align: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.prepend(_:)")
@export(implementation) public var M_PREPEND: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.prepend(_:)")
@export(implementation) public var m_prepend: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.append(_:)")
@export(implementation) public var m_append: BSDName { fatalError() }

@available(
  *, unavailable,
  message: "use Packet.trimFront(_:) for a positive count, trimBack(_:) for a negative one"
)
@export(implementation) public var m_adj: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.pullUp(_:)")
@export(implementation) public var m_pullup: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.copyUp(_:headroom:)")
@export(implementation) public var m_copyup: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.pullDown(_:)")
@export(implementation) public var m_pulldown: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.makeWritable(_:)")
@export(implementation) public var m_unshare: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.split(at:)")
@export(implementation) public var m_split: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.join(_:)")
@export(implementation) public var m_cat: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.join(_:)")
@export(implementation) public var m_catpkt: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.sharedCopy(_:)")
@export(implementation) public var m_copym: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.sharedCopy(_:)")
@export(implementation) public var m_copypacket: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.sharedCopy(_:)")
@export(implementation) public var m_copy: BSDName { fatalError() }

@available(*, unavailable, message: "Packet.sharedCopy() copies all if no range is given")
@export(implementation) public var M_COPYALL: Int { fatalError() }

@available(*, unavailable, renamed: "Packet.duplicate()")
@export(implementation) public var m_dup: BSDName { fatalError() }

@available(*, unavailable, message: "Packet.sharedCopy(_:) shares clusters")
@export(implementation) public var mb_dupcl: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.copyOut(_:into:)")
@export(implementation) public var m_copydata: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.copyIn(_:at:)")
@export(implementation) public var m_copyback: BSDName { fatalError() }

@available(*, unavailable, message: "use Packet.sharedCopy(_:) and join(_:)")
@export(implementation) public var m_copymdata: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.forEachSegment(from:byteCount:_:)")
@export(implementation) public var m_apply: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.position(of:)")
@export(implementation) public var m_getptr: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.defragment()")
@export(implementation) public var m_defrag: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.collapse(to:)")
@export(implementation) public var m_collapse: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.fragment(into:)")
@export(implementation) public var m_fragment: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufPool.packet(gathering:byteCount:headroom:)")
@export(implementation) public var m_uiotombuf: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.scatter(into:from:byteCount:)")
@export(implementation) public var m_mbuftouio: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.checkInvariants()")
@export(implementation) public var m_sanity: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.dump(showing:)")
@export(implementation) public var m_print: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.demoted()")
@export(implementation) public var m_demote: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.moveHeader(from:)")
@export(implementation) public var m_move_pkthdr: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.moveHeader(from:)")
@export(implementation) public var M_MOVE_PKTHDR: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.copyHeader(from:)")
@export(implementation) public var m_dup_pkthdr: BSDName { fatalError() }

@available(*, unavailable, message: "Packet.append(_:) and tailroom know the last segment")
@export(implementation) public var m_last: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufChain.append(_:)")
@export(implementation) public var mc_append: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufChain.append(_:)")
@export(implementation) public var mc_concat: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufChain.init()")
@export(implementation) public var MCHAIN_INITIALIZER: BSDName { fatalError() }

@available(*, unavailable, renamed: "MbufChain.split(at:)")
@export(implementation) public var mc_split: BSDName { fatalError() }

@available(*, unavailable, message: "a chain is freed where its scope ends")
@export(implementation) public var mc_freem: BSDName { fatalError() }

@available(*, unavailable, renamed: "PacketTag.persistent")
@export(implementation) public var MTAG_PERSISTENT: Int { fatalError() }

@available(*, unavailable, renamed: "Packet.addTag(_:)")
@export(implementation) public var m_tag_alloc: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.addTag(_:)")
@export(implementation) public var m_tag_get: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.addTag(_:)")
@export(implementation) public var m_tag_prepend: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.tagIndex(cookie:id:after:)")
@export(implementation) public var m_tag_locate: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.tagIndex(cookie:id:after:)")
@export(implementation) public var m_tag_find: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.tagIndex(cookie:id:after:)")
@export(implementation) public var m_tag_first: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.tagIndex(cookie:id:after:)")
@export(implementation) public var m_tag_next: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.removeTag(at:)")
@export(implementation) public var m_tag_delete: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.removeTag(at:)")
@export(implementation) public var m_tag_free: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.moveTag(at:to:)")
@export(implementation) public var m_tag_unlink: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.removeTags(from:)")
@export(implementation) public var m_tag_delete_chain: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.removeTransientTags()")
@export(implementation) public var m_tag_delete_nonpersistent: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.copyTags(from:)")
@export(implementation) public var m_tag_copy: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.copyTags(from:)")
@export(implementation) public var m_tag_copy_chain: BSDName { fatalError() }

@available(*, unavailable, renamed: "PacketQueue.enqueue(_:)")
@export(implementation) public var IF_ENQUEUE: BSDName { fatalError() }

@available(*, unavailable, renamed: "PacketQueue.dequeue()")
@export(implementation) public var IF_DEQUEUE: BSDName { fatalError() }
