// SPDX-License-Identifier: BSD-2-Clause

import TestSupport

@testable import Mbufs

/// How a recorded call is made here, by its BSD name.
typealias CallRunner = @Sendable (CallRun) throws -> Void

enum CallRunners {
  static let all: [String: CallRunner] = [growing, copying, arranging, making, headers]
    .reduce(into: [:]) { all, some in all.merge(some) { _, _ in fatalError("twice") } }

  // MARK: Growing, trimming, joining

  static let growing: [String: CallRunner] = [
    "M_PREPEND": prepend, "m_prepend": prepend,
    "m_adj": { run in
      let count = try run.int("len")
      // Then as many as there are.
      _ = run.refuses(unless: count.magnitude <= UInt(run.a.model.bytes.count))
      run.call { () throws(MbufError) in try run.a.adjust(count) }
      run.report("r", run.a)
    },
    "m_cat": join, "m_catpkt": join,
    "m_append": { run in
      let bytes = try run.bytes()
      run.call { () throws(MbufError) in try run.a.append(bytes) }
      run.report("ret", .int(run.error == nil ? 1 : 0))
      run.report("r", run.a)
    },
    "m_split": { run in
      let offset = try run.int("len")
      _ = run.make { () throws(MbufError) in try run.a.split(at: offset) }
      run.report("a", run.a)
    },
    "m_free": { run in
      let before = run.bench.releaseCount
      run.call { run.a.freeFirst() }
      run.report("r", run.a.head == nil ? nil : run.a)
      if run.a.head == nil { run.reportFreed() }
      run.report("extfree", .int(run.bench.releaseCount - before))
    },
    "m_freem": { run in
      let before = run.bench.releaseCount
      run.call {
        _ = run.a.takePacket()
        _ = run.a.takePlain()
        run.a.put(MbufChain())
      }
      run.a.model = ChainModel()
      run.report("r", nil)
      run.reportFreed()
      run.report("extfree", .int(run.bench.releaseCount - before))
    },
    "m_demote": { run in
      // A chain never has a header but on its first mbuf, so there is nothing to do for the rest.
      let isAll = try run.int("all") == 1
      run.call { if isAll { run.a.demote() } }
      run.report("r", run.a)
    },
  ]

  @Sendable private static func prepend(_ run: CallRun) throws {
    let bytes = try run.bytes()
    run.call { () throws(MbufError) in try run.a.prepend(bytes) }
    if run.error == nil { try run.a.copyIn(bytes, at: 0) }
    run.reportChanged()
  }

  @Sendable private static func join(_ run: CallRun) throws {
    guard let b = run.b else { throw Failure("nothing to join") }
    run.call { () throws(MbufError) in try run.a.join(b) }
    if run.error == nil { b.put(MbufChain()); b.model = ChainModel() }
    run.report("r", run.a)
  }

  // MARK: Copying and looking

  static let copying: [String: CallRunner] = [
    "m_copym": { run in
      let offset = try run.int("off")
      let byteCount = run.vector.arguments["len"]?.int
      let count = run.a.model.bytes.count
      if run.refuses(unless: offset <= count - (byteCount ?? 0)) { return }
      _ = run.make { () throws(MbufError) in try run.a.sharedCopy(offset, byteCount) }
      run.report("a", run.a)
    },
    "m_copypacket": { run in
      _ = run.make { () throws(MbufError) in try run.a.sharedCopy(0, nil) }
      run.report("a", run.a)
    },
    "m_dup": { run in
      let copy = run.make { () throws(MbufError) in try run.a.duplicate() }
      if let copy { run.report("all_writable", .bool(copy.writableMbufs.allSatisfy { $0 })) }
      run.report("a", run.a)
    },
    "m_copyback": { run in
      let offset = try run.int("off")
      let bytes = try run.bytes()
      run.call { () throws(MbufError) in try run.a.copyIn(bytes, at: offset) }
      run.report("r", run.a)
    },
    "m_copydata": { run in
      let (offset, byteCount) = (try run.int("off"), try run.int("len"))
      run.call { () throws(MbufError) in
        run.report("bytes", bytes: try run.a.copyOut(offset, byteCount))
      }
      run.report("r", run.a)
    },
    "m_apply": { run in
      let (offset, byteCount) = (try run.int("off"), try run.int("len"))
      let stop = try run.int("stop")
      run.account = run.a.appliedThere(offset, byteCount, stop: stop)
      if run.refuses(unless: offset <= run.a.model.bytes.count - byteCount) { return }
      run.call { () throws(MbufError) in
        let (bytes, isStopped) = try run.a.apply(offset, byteCount, stop: stop)
        run.report("bytes", bytes: bytes)
        run.report("ret", .int(isStopped ? 42 : 0))
      }
      run.report("r", run.a)
    },
    "query": { run in
      run.report("w", .array(run.a.writableMbufs.map { .int($0 ? 1 : 0) }))
      run.report("r", run.a)
    },
  ]
}
