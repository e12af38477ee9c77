// SPDX-License-Identifier: BSD-2-Clause
//
// Where the cores of zones stand: at addresses that are handed out once and never again, so that a
// handle of a zone that has ended finds a core that says so, and never another zone's.
//
//     chunk   | 64 cores | 64 cores | ...     a page each, a core a line
//
//     untouched -> taken -> ended          all bits zero but while it is taken
//
// A page whose cores have all ended, or were never taken, goes back to the system, which reads as
// zeroes: as cores that have ended. So zones that were made and ended keep addresses, 64 bytes each,
// and no memory; a zone that lives keeps its page, 4 KiB at most. The chunks are mapped for good.

import CUMA

enum ZoneCores {
  static let coreByteCount = 64
  private static let chunkByteCount = 64 << 10

  private struct State: ~Copyable {
    /// The next core, and where its chunk ends.
    var next: UInt = 0
    var end: UInt = 0
    /// Cores that are taken, by the page they are in; pages that have none are not listed.
    var taken: [UInt: Int] = [:]
  }

  private static let state = Guarded(State())

  /// The core of a new zone.
  static func make(_ body: consuming ZoneBody) -> UnsafeMutablePointer<ZoneCore> {
    assert(MemoryLayout<ZoneCore>.size <= coreByteCount)
    let address = state.withLock { state in
      if state.next == state.end {
        guard let chunk = unsafe mbuma_map_table(chunkByteCount) else {
          preconditionFailure("no memory for a zone")
        }
        state.next = UInt(bitPattern: chunk)
        state.end = state.next + UInt(chunkByteCount)
      }
      defer { state.next += UInt(coreByteCount) }
      state.taken[page(of: state.next), default: 0] += 1
      return state.next
    }
    guard let core = unsafe UnsafeMutablePointer<ZoneCore>(bitPattern: address) else {
      preconditionFailure("a zone at address 0")
    }
    // Its bits are all zero, so there is nothing to release.
    unsafe core.initialize(to: ZoneCore(body))
    return unsafe core
  }

  /// Lets a zone end.
  ///
  /// - Precondition: nobody is in the zone any more, or comes to it from a list, and it has no cache.
  static func end(_ core: UnsafeMutablePointer<ZoneCore>) {
    unsafe core.pointee.end()
    let page = page(of: UInt(bitPattern: core))
    state.withLock { state in
      let count = (state.taken[page] ?? 0) - 1
      precondition(count >= 0, "a zone ended twice")
      state.taken[page] = count == 0 ? nil : count
      // Under the lock, for the next core may be of this page.
      if count == 0, let item = Item(number: page) {
        PageArena.discard(item, PageArena.pageByteCount)
      }
    }
  }

  private static func page(of address: UInt) -> UInt {
    address & ~UInt(PageArena.pageByteCount - 1)
  }
}
