// SPDX-License-Identifier: BSD-2-Clause

/// Fills the room behind a chain's data, mbuf by mbuf.
struct ChainWriter {
  private var mbuf: Mbuf?

  init(_ first: Mbuf) { mbuf = first }

  mutating func write(_ source: RawSpan) {
    fill(source.byteCount) { mbuf, done, count in
      // In bounds: fill goes through 0..<source.byteCount.
      mbuf.append(unsafe source.extracting(unchecked: done..<done + count))
    }
  }

  mutating func writeZeroes(_ byteCount: Int) {
    fill(byteCount) { mbuf, _, count in mbuf.appendZeroes(count) }
  }

  /// Has `body` add `count` bytes to an mbuf that has room for them, `done` bytes on, until all are.
  @inline(__always)
  private mutating func fill(_ byteCount: Int, _ body: (Mbuf, _ done: Int, _ count: Int) -> Void) {
    var done = 0
    while done < byteCount, let here = mbuf {
      let count = Swift.min(here.tailroom, byteCount - done)
      if count > 0 { body(here, done, count) }
      done += count
      if done == byteCount { return }
      mbuf = here.next
    }
    precondition(done == byteCount, "no room for \(byteCount - done) bytes")
  }
}
