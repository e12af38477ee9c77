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
  func markZones(_ item: Item) {
    if !options.contains(.redzones) { return }
    for zone in zones { item.advanced(by: zone.lowerBound).fill(zone.count, with: Self.zoneByte) }
  }

  /// Fills an item with junk.
  func markFree(_ item: Item) {
    if !options.contains(.junk) { return }
    var filled = Swift.min(4, itemByteCount)
    for offset in 0..<filled {
      item.advanced(by: offset).fill(1, with: Self.junkByte(offset))
    }
    while filled < itemByteCount {
      let count = Swift.min(filled, itemByteCount - filled)
      unsafe memcpy(item.address + filled, item.address, count)
      filled += count
    }
  }

  /// The byte of a zone that was overwritten, the nearest to the item.
  func zoneDamage(_ item: Item) -> Damage? {
    if !options.contains(.redzones) { return nil }
    for zone in zones {
      let isWhole = { (offset: Int) in Self.byte(item, offset) == Self.zoneByte }
      // A zone that is the same as itself one byte on is all of one byte.
      if isWhole(zone.lowerBound), Self.repeats(item, zone, every: 1) { continue }
      let isBehind = zone.lowerBound >= 0
      let offset = isBehind ? zone.first { !isWhole($0) } : zone.last { !isWhole($0) }
      guard let offset else { continue }
      let found = Self.byte(item, offset)
      return Damage(offset: offset, found: UInt32(found), wanted: UInt32(Self.zoneByte))
    }
    return nil
  }

  /// The first word of a free item that was overwritten, or byte of the last word if it is not whole.
  func junkDamage(_ item: Item) -> Damage? {
    if !options.contains(.junk) { return nil }
    if itemByteCount >= 4, Self.word(item, 0) == Self.junk,
      Self.repeats(item, 0..<itemByteCount, every: 4)
    {
      return nil
    }
    for offset in stride(from: 0, to: itemByteCount - 3, by: 4) {
      let found = Self.word(item, offset)
      if found != Self.junk { return Damage(offset: offset, found: found, wanted: Self.junk) }
    }
    for offset in itemByteCount & ~3..<itemByteCount {
      let found = Self.byte(item, offset)
      let wanted = Self.junkByte(offset)
      if found != wanted {
        return Damage(offset: offset, found: UInt32(found), wanted: UInt32(wanted))
      }
    }
    return nil
  }

  private static func junkByte(_ offset: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: UInt32(littleEndian: junk) >> UInt32(offset & 3 * 8))
  }

  // In bounds, all three: the offsets are those of the item and its zones.

  private static func byte(_ item: Item, _ offset: Int) -> UInt8 {
    unsafe item.address.load(fromByteOffset: offset, as: UInt8.self)
  }

  private static func word(_ item: Item, _ offset: Int) -> UInt32 {
    unsafe item.address.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
  }

  /// Whether bytes are the same as those some bytes further on, as far as the range goes.
  private static func repeats(_ item: Item, _ range: Range<Int>, every step: Int) -> Bool {
    let first = item.advanced(by: range.lowerBound)
    return unsafe memcmp(first.address, first.address + step, range.count - step) == 0
  }

  // MARK: Guard pages

  /// Makes a place touchable up to its guard page, or not at all; false if the system refuses.
  func setTouchable(_ item: Item, _ isTouchable: Bool) -> Bool {
    if guardByteCount == 0 { return true }
    let byteCount = places.stride - guardByteCount
    return protect(item, from: -frontByteCount, byteCount, isTouchable)
  }

  /// Makes the guard page of a place what other pages are, or untouchable.
  func setGuard(_ item: Item, _ isGuard: Bool) -> Bool {
    if guardByteCount == 0 { return true }
    return protect(item, from: itemByteCount + backByteCount, guardByteCount, !isGuard)
  }

  /// - Precondition: the bytes are whole pages of the item's place.
  private func protect(_ item: Item, from offset: Int, _ byteCount: Int, _ isTouchable: Bool)
    -> Bool
  {
    unsafe mprotect(
      item.address + offset, byteCount, isTouchable ? PROT_READ | PROT_WRITE : PROT_NONE) == 0
  }
}

/// Bytes that are not what they should be.
struct Damage: Equatable {
  /// From the item's start.
  let offset: Int
  let found: UInt32
  let wanted: UInt32
}
