// SPDX-License-Identifier: BSD-2-Clause
//
// What a pcapng has beside the bytes of its frames, on its way from the reader to the writer of a copy.
// Packets carry what packets have; all else goes beside them:
//
//     reader --> packets, each with the number of its entry --> ... --> writer
//        \--> journal: | block | entry 1 | entry 2 | block | entry 3 | ... --/
//
// An entry is the block of a frame without the frame: what stands in front of it and behind it, and
// what was read there. The writer takes a packet's number, goes on in the journal to that entry, writes
// the blocks that it passes, and passes over entries of packets that did not come. So
//
//     nothing left out, nothing edited  =>  bytes written == bytes read
//
//     of a block that is no frame's      0 number, 0   4 bytes   8 the block
//     of a frame's block                 0 number      4 bytes   8 in front of the frame   12 captured
//                                       16 on the wire   20 time (64)   28 the bytes in front, those behind
//
// Numbers go up from 1 through all inputs, and from 2^32 - 1 on to 1: those on their way are fewer.
//
// Reader and writer may be on two threads. Each has a buffer of its own; the one between them changes
// hands under a lock, a batch at a time, and all three are used again.
//
// Packets may be left out for long, and then nobody comes for their entries. Those of all but the last
// 65,536 are forgotten from time to time: so many packets are never on their way.
//
//     bytes in the three buffers <= twice what stands beside 65,536 packets + blocks between two frames

import Synchronization

/// The blocks of captures that are copied, on their way into the copy.
package final class BlockJournal: Sendable {
  /// What is done to packets between reader and writer, as far as it changes what a block says.
  package struct Changes: Sendable, Equatable {
    /// Whether some packets are left out, or get another length: a section's is not known then.
    package var leavesOut = false
    /// Whether bytes of packets are changed: hashes over them are left out then.
    package var edits = false
    /// The link type that all packets get, as packets have it; nil if each keeps its own.
    package var linkType: UInt32?

    package init(leavesOut: Bool = false, edits: Bool = false, linkType: UInt32? = nil) {
      self.leavesOut = leavesOut
      self.edits = edits
      self.linkType = linkType
    }
  }

  /// The most bytes of blocks between two frames: longer runs are not copied.
  static let byteLimit = 2 * BlockWalk.blockByteLimit

  let changes: Changes
  private let published = Mutex(Published())

  /// What was handed on.
  private struct Published: ~Copyable {
    var log = ByteLog()
    /// Bytes from which on entries are forgotten.
    var limitInBytes = BlockJournal.leastLimitInBytes
  }

  /// Packets that may be on their way to the writer.
  static let packetLimit = 65_536
  private static let leastLimitInBytes = 16_777_216
  private let lastNumber = Atomic<UInt32>(0)

  package init(_ changes: Changes = Changes()) { self.changes = changes }

  /// Whether nothing was handed on that is not taken yet.
  var isEmpty: Bool { byteCount == 0 }

  /// Bytes that were handed on and are not taken yet.
  var byteCount: Int { published.withLock { $0.log.byteCount } }

  /// The number of the next entry.
  func nextNumber() -> UInt32 {
    while true {
      let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
      if number != 0 { return number }
    }
  }

  /// Hands what a reader gathered on; what was in `bytes` is gone from there.
  func publish(_ bytes: inout ByteLog) {
    published.withLock { published in
      if published.log.isEmpty {
        swap(&published.log, &bytes)
      } else {
        published.log.append(bytes.bytes)
      }
      if published.log.byteCount > published.limitInBytes { Self.forgetSlow(&published) }
    }
    bytes.removeAll()
  }

  /// Takes what was handed on in place of `bytes`, which are done with.
  func take(_ bytes: inout ByteLog) {
    bytes.removeAll()
    published.withLock { published in
      swap(&published.log, &bytes)
      published.limitInBytes = Self.leastLimitInBytes
    }
  }

  /// Forgets the entries of packets that cannot be on their way any more.
  @inline(never)
  private static func forgetSlow(_ published: inout Published) {
    var place = 0
    var packetCount = 0
    while place < published.log.byteCount {
      let entry = JournalEntry(at: place, in: published.log.bytes)
      if entry.number != 0 { packetCount += 1 }
      place = entry.end
    }
    var kept = ByteLog()
    place = 0
    while place < published.log.byteCount {
      let entry = JournalEntry(at: place, in: published.log.bytes)
      let isKept = entry.number == 0 || packetCount <= packetLimit
      if isKept { kept.append(place..<entry.end, of: published.log) }
      if entry.number != 0 { packetCount -= 1 }
      place = entry.end
    }
    published.log = kept
    published.limitInBytes = max(leastLimitInBytes, 2 * published.log.byteCount)
  }
}
