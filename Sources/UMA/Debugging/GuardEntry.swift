// SPDX-License-Identifier: BSD-2-Clause
import CUMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the handler for faults knows of an item between guard pages (guard_table.h).
///
/// Whoever moves the item has the entry, from the making of its slab to the slab's end.
@safe
struct GuardEntry {
  private let at: OpaquePointer

  /// An entry for an item in its place; nil if the system has no memory for it.
  init?(_ item: Item, in place: Item, _ frame: ItemFrame, zoneName: String) {
    guard
      let entry = unsafe mbuma_guard_take(
        place.number, UInt(frame.places.stride), item.number, UInt(frame.itemByteCount),
        CName.of(zoneName))
    else { return nil }
    unsafe at = entry
  }

  /// Ends the entry.
  ///
  /// - Precondition: it is not used any more.
  func give() { unsafe mbuma_guard_give(at) }

  func noteAllocated(zoneName: String, _ site: CallSite) {
    unsafe mbuma_guard_note_allocated(at, CName.of(zoneName), site.cFile, site.line)
  }

  func noteFreed(_ site: CallSite?) {
    unsafe mbuma_guard_note_freed(at, site?.cFile, site?.line ?? 0)
  }
}

/// Names as the handler for faults needs them: ended by a zero byte, and there forever.
private enum CName {
  private static let known = Guarded<[String: UInt]>([:])

  static func of(_ name: String) -> UnsafePointer<CChar>? {
    let address = known.withLock { known -> UInt in
      if let address = known[name] { return address }
      let address = unsafe UInt(bitPattern: strdup(name))
      known[name] = address
      return address
    }
    return unsafe UnsafePointer(bitPattern: address)
  }
}

extension CallSite {
  fileprivate var cFile: UnsafePointer<CChar>? {
    guard file.hasPointerRepresentation else { return nil }
    // A literal's bytes end with a zero and are there forever.
    return unsafe UnsafeRawPointer(file.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
