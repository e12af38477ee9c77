// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import UMA

@testable import Mbufs

extension CallRunners {
  static let arranging: [String: CallRunner] = [
    "m_pullup": { run in
      let count = try run.int("len")
      var isContiguous = false
      run.call { () throws(MbufError) in isContiguous = try run.a.pullUp(count) }
      run.report("contig", .bool(isContiguous))
      run.reportChanged()
    },
    "m_copyup": { run in
      let (count, headroom) = (try run.int("len"), try run.int("dstoff"))
      var isContiguous = false
      run.call { () throws(MbufError) in
        isContiguous = try run.a.copyUp(count, headroom: headroom)
      }
      run.report("contig", .bool(isContiguous))
      run.reportChanged()
    },
    "m_pulldown": { run in
      let (offset, count) = (try run.int("off"), try run.int("len"))
      run.call { () throws(MbufError) in
        let (place, isRight) = try run.a.pullDown(offset..<offset + count)
        run.report("pos", .int(place))
        run.report("region_ok", .bool(isRight))
      }
      run.reportChanged()
    },
    "m_unshare": { run in
      run.call { () throws(MbufError) in
        run.report("all_writable", .bool(try run.a.unshare()))
      }
      run.reportChanged()
    },
    "m_defrag": { run in
      run.call { () throws(MbufError) in try run.a.defragment() }
      run.report("r", run.a)
      if run.error != nil { run.reportGivenUp() }
    },
    "m_collapse": { run in
      let most = try run.int("max")
      var count = 0
      run.call { () throws(MbufError) in count = try run.a.collapse(to: most) }
      if count > most { throw Failure("\(count) segments, at most \(most) wanted") }
      run.report("r", run.a)
      if run.error == nil { run.report("ok", .bool(true)) } else { run.reportGivenUp() }
    },
    "m_getptr": { run in
      let offset = try run.int("loc")
      run.call { () throws(MbufError) in
        run.report("ptr", try run.a.place(of: offset).map { .int($0) } ?? .null)
      }
      run.report("r", run.a)
    },
    "m_mbuftouio": { run in
      let (count, room) = (try run.int("len"), try run.int("resid"))
      run.call { () throws(MbufError) in
        run.report("bytes", bytes: try run.a.scatter(count, room: room))
        run.report("ret", .int(0))
      }
      run.report("r", run.a)
    },
    "m_align": { run in
      let count = try run.int("len")
      // A chain without a header is aligned as if it had one.
      let room = run.a.head?.isExternal == true ? run.a.head?.capacity ?? 0 : 168
      if run.refuses(unless: (0...room).contains(count)) { return }
      run.call { () throws(MbufError) in try run.a.use { $0.alignToEnd(count) } }
      if run.error == nil {
        // The object then fits behind the place, in one piece, up to the last 7 bytes.
        let tailroom = run.a.head?.tailroom ?? 0
        if tailroom != 0, !(count...count + 7).contains(tailroom) {
          throw Failure("room for \(tailroom) bytes, \(count) wanted")
        }
      }
      run.report("r", run.a)
    },
  ]

  // MARK: Making packets

  static let making: [String: CallRunner] = [
    "m_getm2": { run in
      let (count, hasHeader) = (try run.int("len"), try run.int("hdr") == 1)
      if run.vector.a != nil {
        run.call { () throws(MbufError) in try run.a.addRoom(count) }
        return run.reportChanged()
      }
      let made = run.make { () throws(MbufError) in
        try run.bench.empty(hasHeader, largest: .page, count)
      }
      if made == nil { run.reportNothing() }
    },
    "m_get2": { run in
      let (count, hasHeader) = (try run.int("size"), try run.int("hdr") == 1)
      var room = count
      let made = run.make { () throws(MbufError) in
        let packet = try run.bench.pool.packet(contiguous: count)
        room = packet.tailroom
        return run.bench.chain(packet, hasHeader, ChainModel(hasHeader: hasHeader))
      }
      if room < count { throw Failure("room for \(room) bytes, \(count) wanted") }
      if made == nil { run.reportNothing() }
    },
    "m_devget": { run in
      let headroom = try run.int("off")
      if run.refuses(unless: (0...168).contains(headroom)) { return }
      let isChanged = try run.int("copyfn") == 1
      let bytes = try run.bytes()
      var model = ChainModel(bytes: bytes, hasHeader: true)
      if isChanged { model.bytes = bytes.map { $0 ^ 0x55 } }
      let made = run.make { () throws(MbufError) in
        guard isChanged else {
          return run.bench.chain(
            try run.bench.pool.packet(copying: unsafe bytes.span.bytes, headroom: headroom), true,
            model)
        }
        let packet = try run.bench.pool.packet(
          copying: unsafe bytes.span.bytes, headroom: headroom
        ) { piece in
          unsafe piece.withUnsafeMutableBytes { bytes in
            for index in bytes.indices { unsafe bytes[index] ^= 0x55 }
          }
        }
        return run.bench.chain(packet, true, model)
      }
      if made == nil { run.reportNothing() }
    },
    "m_uiotombuf": { run in
      let (count, headroom) = (try run.int("len"), try run.int("align"))
      let hasHeader = try run.int("hdr") == 1
      if run.refuses(unless: (0...168).contains(headroom)) { return }
      let offered = try BytePattern.bytes(run.int("resid"), seed: run.int("s"))
      let taken = count == 0 ? offered.count : Swift.min(count, offered.count)
      let model = ChainModel(bytes: [UInt8](offered.prefix(taken)), hasHeader: hasHeader)
      // Two pieces, so that their boundary is crossed.
      let cut = offered.count / 3
      var list = GatherList([[UInt8](offered[..<cut]), [UInt8](offered[cut...])])
      let made = run.make { () throws(MbufError) in
        let packet = try run.bench.pool.packet(
          gathering: &list, byteCount: count == 0 ? nil : count, headroom: headroom)
        return run.bench.chain(packet, hasHeader, model)
      }
      if made == nil { run.reportNothing() }
      run.report("resid", .int(list.remaining))
    },
  ]
}
