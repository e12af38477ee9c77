// SPDX-License-Identifier: BSD-2-Clause
//
// Neighbours are merged from the front on. An open segment takes the next one's bytes while they
// fit; where they do not, the next one is opened:
//
//     kept            its own tailroom is the room, 0 if it is shared
//     replaced        by a cluster, if the one behind it would fit then and does not now
//
// First without clusters; then with them; then all is copied. Nothing moves before it is known to
// suffice: each segment that will move hangs the mbuf that takes its bytes on its `nextPacket`,
// which has no other use inside a packet. A plan made of writable segments stays good, since only
// the holder of a packet can share its storage.

import UMA

extension Packet {
  /// Merges neighbouring segments until there are at most `most`, as a device may demand.
  ///
  /// Few bytes are copied: into the room behind others first, then into clusters.
  ///
  /// - Parameters:
  ///   - most: segments allowed, at least 1.
  ///   - file: the caller's file, for messages.
  ///   - line: the caller's line, for messages.
  /// - Throws: `MbufError.tooManySegments` if the bytes do not fit so few, `.exhausted`; the packet
  ///   is unchanged.
  /// - Complexity: O(bytes + segments).
  ///
  /// BSD: `m_collapse`, which on failure has merged some.
  public mutating func collapse(
    to most: Int, file: StaticString = #fileID, line: UInt = #line
  ) throws(MbufError) {
    precondition(most >= 1, "collapse to \(most) segments")
    if segmentCount <= most { return }
    let site = CallSite(file, line)
    if try merge(to: most, withClusters: false, site) { return }
    if try merge(to: most, withClusters: true, site) { return }
    let chain = try head.pool.roomForCopy(
      byteCount, longest: head.longestSegment, site)
    let least = chain.chainMbufCount
    guard least <= most else {
      chain.freeChain()
      throw .tooManySegments(least: least, most: most)
    }
    replaceChain(with: chain)
  }

  /// Merges if that suffices; false if not, and then nothing has changed.
  private mutating func merge(to most: Int, withClusters: Bool, _ site: CallSite)
    throws(MbufError) -> Bool
  {
    var plan = MergePlan(withClusters: withClusters, site)
    do throws(MbufError) {
      try plan.make(for: head)
    } catch {
      plan.drop(head)
      throw error
    }
    guard plan.segmentCount <= most else {
      plan.drop(head)
      return false
    }
    head = plan.carryOut(on: head)
    return true
  }
}

/// Which segments move into which mbuf.
private struct MergePlan {
  private let withClusters: Bool
  private let site: CallSite
  /// Segments afterwards.
  private(set) var segmentCount = 0
  /// The segment that is open, and the bytes that still fit behind what it will have.
  private var open: Mbuf?
  private var room = 0
  /// The clusters that were allocated, linked.
  private var firstCluster: Mbuf?
  private var lastCluster: Mbuf?

  init(withClusters: Bool, _ site: CallSite) {
    self.withClusters = withClusters
    self.site = site
  }

  mutating func make(for head: Mbuf) throws(MbufError) {
    for here in head.chain {
      if let open, here.byteCount <= room {
        here.nextPacket = open
        room -= here.byteCount
      } else {
        try openSegment(at: here, isFirst: here == head)
      }
    }
  }

  private mutating func openSegment(at mbuf: Mbuf, isFirst: Bool) throws(MbufError) {
    segmentCount += 1
    open = mbuf
    room = mbuf.tailroom
    guard withClusters, let next = mbuf.next, room < next.byteCount,
      mbuf.byteCount + next.byteCount <= MbufLayout.clusterByteCount
    else { return }
    let cluster = try mbuf.pool.clusterMbuf(isFirst ? .packetHeader : [], site)
    if let lastCluster { lastCluster.next = cluster } else { firstCluster = cluster }
    lastCluster = cluster
    mbuf.nextPacket = cluster
    open = cluster
    room = cluster.capacity - mbuf.byteCount
  }

  /// Forgets the plan.
  func drop(_ head: Mbuf) {
    firstCluster?.freeChain()
    for mbuf in head.chain { mbuf.nextPacket = nil }
  }

  /// Moves the bytes, frees the segments that they came from, and returns the first that is left.
  func carryOut(on head: Mbuf) -> Mbuf {
    let first = head.nextPacket ?? head
    if first != head {
      first.takeType(of: head)
      head.nextPacket = nil
      head.movePacketHeader(to: first)
      head.nextPacket = first
    }
    var last: Mbuf?
    for here in head.chain {
      let target = here.nextPacket ?? here
      here.nextPacket = nil
      if target != last {
        target.takeType(of: here)
        last?.next = target
        last = target
      }
      if target != here {
        // In bounds: the plan counted the room, and nobody else can have taken it.
        target.append(here)
        here.moveEndOfRecord(to: target)
        here.freeOne()
      }
    }
    last?.next = nil
    return first
  }
}
