// SPDX-License-Identifier: BSD-2-Clause
//
// What stands around an item of a watched zone. Its keg has places, one per item, larger than it:
//
//     plain       | front zone |  item  | back zone |
//     guarded     | front zone |  item  | back zone | guard page |     whole pages, a run of its own
//
//     front + item + back + guard == stride
//     front % alignment == 0, so that the item is aligned as its place is
//     back < alignment in a guarded place: the item ends as near to the guard page as it can
//
// The zones hold 0xfd for as long as the slab is there; free items hold 0xdeadc0de, as far as the
// options ask for it. A guarded place is readable only while its item is out, and its guard page
// never.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct ItemFrame {
  static let junk: UInt32 = 0xdead_c0de
  static let zoneByte: UInt8 = 0xfd
  private static let leastZoneByteCount = 16

  let options: ZoneDebugging
  let itemByteCount: Int
  let frontByteCount: Int
  let backByteCount: Int
  let guardByteCount: Int
  /// The places, for the keg.
  let places: SlabLayout

  /// The places of items, with the options that can be had for them.
  init(itemByteCount: Int, alignment: Int, flags: ZoneFlags, options: ZoneDebugging) {
    var options = options
    // Such pages may be no memory at all.
    // Its items must not grow beyond a page.
    if flags.contains(.bucketCacheOnly) { options.subtract([.redzones, .guardPages]) }
    if flags.contains(.noTouch) { options.subtract([.junk, .redzones, .guardPages]) }
    let page = PageArena.pageByteCount
    if sysconf(Int32(_SC_PAGESIZE)) > page { options.remove(.guardPages) }
    // A place is an item of the keg, and may not be larger than those can be.
    if itemByteCount + 3 * page > 16 << 20 { options.subtract([.redzones, .guardPages]) }
    let zone =
      options.contains(.redzones)
      ? SlabLayout.roundUp(Self.leastZoneByteCount, to: alignment) : 0
    if options.contains(.guardPages) {
      let filled = SlabLayout.roundUp(itemByteCount, to: alignment)
      let pages = SlabLayout.roundUp(zone + filled, to: page)
      places = SlabLayout(
        itemByteCount: pages + page, alignment: page, flags: flags.subtracting(.cacheSpread))
      frontByteCount = pages - filled
      backByteCount = filled - itemByteCount
      guardByteCount = places.stride - pages
    } else {
      let back = options.contains(.redzones) ? Self.leastZoneByteCount : 0
      places = SlabLayout(
        itemByteCount: zone + itemByteCount + back, alignment: alignment, flags: flags)
      frontByteCount = zone
      backByteCount = back
      guardByteCount = 0
    }
    self.options = options
    self.itemByteCount = itemByteCount
  }

  // MARK: Marks

  private var zones: [Range<Int>] {
    [itemByteCount..<itemByteCount + backByteCount, -frontByteCount..<0].filter { !$0.isEmpty }
  }

  /// Fills both zones of a place.
  func markZones(_ item: UnsafeMutableRawPointer) {
    if !options.contains(.redzones) { return }
    for zone in zones { unsafe memset(item + zone.lowerBound, Int32(Self.zoneByte), zone.count) }
  }

  /// Fills an item with junk.
  func markFree(_ item: UnsafeMutableRawPointer) {
    if !options.contains(.junk) { return }
    var filled = Swift.min(4, itemByteCount)
    for offset in 0..<filled {
      unsafe item.storeBytes(of: Self.junkByte(offset), toByteOffset: offset, as: UInt8.self)
    }
    while filled < itemByteCount {
      let count = Swift.min(filled, itemByteCount - filled)
      unsafe memcpy(item + filled, item, count)
      filled += count
    }
  }

  /// The byte of a zone that was overwritten, the nearest to the item.
  func zoneDamage(_ item: UnsafeMutableRawPointer) -> Damage? {
    if !options.contains(.redzones) { return nil }
    for zone in zones {
      let isWhole = { (offset: Int) in
        unsafe item.load(fromByteOffset: offset, as: UInt8.self) == Self.zoneByte
      }
      // A zone that is the same as itself one byte on is all of one byte.
      let first = unsafe item + zone.lowerBound
      if isWhole(zone.lowerBound), unsafe memcmp(first, first + 1, zone.count - 1) == 0 { continue }
      let isBehind = zone.lowerBound >= 0
      let offset = isBehind ? zone.first { !isWhole($0) } : zone.last { !isWhole($0) }
      guard let offset else { continue }
      let found = unsafe item.load(fromByteOffset: offset, as: UInt8.self)
      return Damage(offset: offset, found: UInt32(found), wanted: UInt32(Self.zoneByte))
    }
    return nil
  }

  /// The first word of a free item that was overwritten, or byte of the last word if it is not whole.
  func junkDamage(_ item: UnsafeMutableRawPointer) -> Damage? {
    if !options.contains(.junk) { return nil }
    if itemByteCount >= 4, unsafe item.loadUnaligned(as: UInt32.self) == Self.junk,
      unsafe memcmp(item, item + 4, itemByteCount - 4) == 0
    {
      return nil
    }
    for offset in stride(from: 0, to: itemByteCount - 3, by: 4) {
      let found = unsafe item.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
      if found != Self.junk { return Damage(offset: offset, found: found, wanted: Self.junk) }
    }
    for offset in itemByteCount & ~3..<itemByteCount {
      let found = unsafe item.load(fromByteOffset: offset, as: UInt8.self)
      let wanted = Self.junkByte(offset)
      if found != wanted {
        return Damage(offset: offset, found: UInt32(found), wanted: UInt32(wanted))
      }
    }
    return nil
  }

  private static func junkByte(_ offset: Int) -> UInt8 {
    unsafe withUnsafeBytes(of: junk) { unsafe $0[offset & 3] }
  }

  // MARK: Guard pages

  /// Makes a place touchable up to its guard page, or not at all; false if the system refuses.
  func setTouchable(_ item: UnsafeMutableRawPointer, _ isTouchable: Bool) -> Bool {
    if guardByteCount == 0 { return true }
    let byteCount = places.stride - guardByteCount
    return unsafe mprotect(
      item - frontByteCount, byteCount, isTouchable ? PROT_READ | PROT_WRITE : PROT_NONE) == 0
  }

  /// Makes the guard page of a place what other pages are, or untouchable.
  func setGuard(_ item: UnsafeMutableRawPointer, _ isGuard: Bool) -> Bool {
    if guardByteCount == 0 { return true }
    return unsafe mprotect(
      item + itemByteCount + backByteCount, guardByteCount,
      isGuard ? PROT_NONE : PROT_READ | PROT_WRITE) == 0
  }
}

/// Bytes that are not what they should be.
struct Damage: Equatable {
  /// From the item's start.
  let offset: Int
  let found: UInt32
  let wanted: UInt32
}
