// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import UMA

@testable import Mbufs

extension CallRunners {
  static let headers: [String: CallRunner] = [
    "m_fixhdr": { run in
      // The chain was checked before with the length that its bytes have.
      run.call { () throws(MbufError) in
        try run.a.use { packet in packet.checkInvariants() }
      }
      run.report("ret", .int(run.a.packetByteCount))
      run.report("r", run.a)
    },
    "m_move_pkthdr": { run in
      guard let b = run.b else { throw Failure("no chain to move the header to") }
      // The receiver of a header is a packet here.
      let other = try run.packet(in: b)
      run.call { () throws(MbufError) in
        try run.a.use { from throws(MbufError) in
          try other.use { to in to.moveHeader(from: &from) }
        }
      }
      other.model.tags = run.a.model.tags
      run.a.model.tags = []
      // What is left has no header there; here it has an empty one, which is taken off.
      run.a.demote()
      run.report("a", run.a)
      run.report("b", other)
    },
    "m_dup_pkthdr": { run in
      guard let b = run.b else { throw Failure("no chain to copy the header to") }
      let other = try run.packet(in: b)
      run.call { () throws(MbufError) in
        try run.a.use { from throws(MbufError) in
          try other.use { to throws(MbufError) in try to.copyHeader(from: from) }
        }
      }
      if run.error == nil { other.model.tags = run.a.model.tags }
      run.report("ret", .int(run.error == nil ? 1 : 0))
      run.report("a", run.a)
      run.report("b", other)
    },
    "m_tag": tag,
  ]

  @Sendable private static func tag(_ run: CallRun) throws {
    let (cookie, id) = (try run.int("cookie"), try run.int("tag"))
    guard let what = run.vector.arguments["what"]?.string else { throw Failure("what?") }
    // Without a header there are no tags, and nothing happens.
    if run.a.hasHeader {
      let index = try run.a.tagIndex(cookie, id)
      switch what {
      case "locate": run.report("ret", .int(index ?? -1))
      case "delete":
        if let index {
          run.call { () throws(MbufError) in try run.a.use { $0.removeTag(at: index) } }
          run.a.model.tags.remove(at: index)
        }
        run.report("ret", .int(index == nil ? 0 : 1))
      case "delete_chain":
        run.call { () throws(MbufError) in try run.a.use { $0.removeTags(from: index ?? 0) } }
        run.a.model.tags.removeSubrange((index ?? 0)...)
        run.report("ret", .int(index == nil ? 0 : 1))
      case "delete_nonpersistent":
        run.call { () throws(MbufError) in try run.a.use { $0.removeTransientTags() } }
        run.a.model.tags.removeAll { $0.id & 0x800 == 0 }
      case "prepend": try prependTag(run, cookie, id)
      case "copy_chain": try copyTags(run)
      default: throw Failure("no such tag operation: \(what)")
      }
    }
    run.report("r", run.a)
  }

  private static func prependTag(_ run: CallRun, _ cookie: Int, _ id: Int) throws {
    // The payload's first byte is in the record; the rest is the pattern from there.
    let first = run.vector.content["r"]?["tags"]?.array?.first?.array?.last?.int ?? 0
    let tag = TagSpec(cookie: cookie, id: id, bytes: BytePattern.bytes(4, seed: first))
    run.call { () throws(MbufError) in
      try run.a.use { packet throws(MbufError) in try packet.addTag(tag) }
    }
    if run.error == nil { run.a.model.tags.insert(tag, at: 0) }
  }

  private static func copyTags(_ run: CallRun) throws {
    var target = try run.bench.pool.smallPacket()
    try target.addTag(TagSpec(cookie: 9, id: 9, bytes: [9]))
    let to = run.keep(
      run.bench.chain(
        target, true,
        ChainModel(
          hasHeader: true, tags: [TagSpec(cookie: 9, id: 9, bytes: [9])])))
    run.call { () throws(MbufError) in
      try run.a.use { from throws(MbufError) in
        try to.use { packet throws(MbufError) in try packet.copyTags(from: from) }
      }
    }
    if run.error == nil { to.model.tags = run.a.model.tags }
    run.report("ret", .int(run.error == nil ? 1 : 0))
    run.report("to", to)
  }
}
