// SPDX-License-Identifier: BSD-2-Clause
//
// What is known of every item of a watched keg. There is one record for each item of each slab,
// made and dropped with the slab, so an address without a record is no item.
//
//     free --open--> moving --handOut--> live --takeBack--> moving --close--> free
//                    hooks run           user's             hooks run
//
//     state == .free  <=>  the item's bit in its slab says free, but for items on their way
//
// Every transition is one step under the lock. The bytes of a free item are looked at under the
// lock; those of a moving item belong to the thread that moves it. Faults are reported with the
// lock dropped.
//
// Lock order: nothing is locked while the records are.

import CUMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@safe
final class Shadow: Sendable {
  enum State { case free, moving, live }

  @safe
  struct Record {
    var state = State.free
    /// The zone that handed it out last.
    var owner: Zone?
    /// The zone may have ended since.
    var ownerName: String?
    var allocated: CallSite?
    var freed: CallSite?
    var thread = ThreadLabel(number: 0, name: "")
    var since = ContinuousClock.now
    /// What the handler for faults knows of it.
    var guarded: UnsafeMutablePointer<mbuma_guarded>?
  }

  let zoneName: String
  let frame: ItemFrame
  /// False if items come from a source that is no keg: they are known only once they have come.
  private let hasKeg: Bool
  /// Of the zone; set before the first item, never after.
  private let hooks: Guarded<ItemHooks>
  private let zeroes: Bool
  private let records = Guarded<[UInt: Record]>([:])

  var options: ZoneDebugging { frame.options }

  /// - Parameter hooks: of the zone, whose `initialize` and `finalize` run at every allocation and
  ///   free here.
  init(zoneName: String, frame: ItemFrame, hooks: ItemHooks, flags: ZoneFlags, hasKeg: Bool = true)
  {
    self.zoneName = zoneName
    self.frame = frame
    self.hasKeg = hasKeg
    self.hooks = Guarded(hooks)
    zeroes = flags.contains(.zeroInitialize)
  }

  /// The hooks of the keg: they mark places, where the zone's own would prepare items.
  var kegHooks: ItemHooks {
    unsafe ItemHooks(
      initialize: { unsafe self.make($0) }, finalize: { unsafe self.unmake($0) })
  }

  /// Changes the hooks that run at every allocation and free.
  func changeHooks(_ change: (inout ItemHooks) -> Void) {
    // What the hooks before hold ends with them, and not under the lock.
    var changed = hooks.withLock { $0 }
    change(&changed)
    hooks.withLock { swap(&$0, &changed) }
  }

  /// The layout as the zone's user sees it.
  var layout: SlabLayout { frame.places.holding(itemByteCount: frame.itemByteCount) }

  /// Where the keg's item starts that a user's item is part of.
  func place(of item: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    unsafe item - frame.frontByteCount
  }

  // MARK: With the slab

  private func make(_ place: UnsafeMutableRawPointer) -> Bool {
    let item = unsafe place + frame.frontByteCount
    unsafe frame.markZones(item)
    unsafe frame.markFree(item)
    var record = Record()
    if frame.guardByteCount > 0 {
      guard let guarded = unsafe mbuma_guard_take() else { return false }
      unsafe guarded.pointee.item = UInt(bitPattern: item)
      unsafe guarded.pointee.item_byte_count = UInt(frame.itemByteCount)
      unsafe guarded.pointee.zone = CName.of(zoneName)
      unsafe guarded.pointee.place_byte_count = UInt(frame.places.stride)
      unsafe guarded.pointee.place = UInt(bitPattern: place)
      unsafe record.guarded = guarded
    }
    guard unsafe frame.setGuard(item, true), unsafe frame.setTouchable(item, false) else {
      _ = unsafe frame.setGuard(item, false)
      if let guarded = unsafe record.guarded { unsafe mbuma_guard_give(guarded) }
      return false
    }
    records.withLock { $0[UInt(bitPattern: item)] = record }
    return true
  }

  private func unmake(_ place: UnsafeMutableRawPointer) {
    let item = unsafe place + frame.frontByteCount
    guard let record = records.withLock({ $0.removeValue(forKey: UInt(bitPattern: item)) })
    else { return }
    guard unsafe frame.setTouchable(item, true), unsafe frame.setGuard(item, false) else {
      fatalError("zone \(zoneName): the system has no mapping left; raise vm.max_map_count")
    }
    if let guarded = unsafe record.guarded { unsafe mbuma_guard_give(guarded) }
    unsafe checkFree(item, record, nil)?.stop()
  }

  // MARK: On the way out

  /// Makes a free item of the keg one that hooks may prepare; nil if the system has no mapping left.
  func open(_ place: UnsafeMutableRawPointer, _ site: CallSite) -> UnsafeMutableRawPointer? {
    let item = unsafe place + frame.frontByteCount
    guard unsafe frame.setTouchable(item, true) else { return nil }
    let record = records.withLock { records -> Record in
      var record = records[UInt(bitPattern: item)] ?? Record()
      record.state = .moving
      records[UInt(bitPattern: item)] = record
      return record
    }
    unsafe checkFree(item, record, site)?.stop()
    return unsafe item
  }

  /// Runs what the zone's user gave as `initialize`.
  func prepare(_ item: UnsafeMutableRawPointer) -> Bool {
    if zeroes {
      unsafe item.initializeMemory(as: UInt8.self, repeating: 0, count: frame.itemByteCount)
    }
    return unsafe hooks.withLock { unsafe $0.initialize }?(item) ?? true
  }

  /// Notes that an item is with a caller, who takes it at `site` on this thread.
  func handOut(_ item: UnsafeMutableRawPointer, _ zone: Zone, _ site: CallSite) {
    let thread = ThreadLabel.current()
    let now = ContinuousClock.now
    unsafe update(item) { record in
      record.state = .live
      record.owner = zone
      record.ownerName = zone.name
      record.allocated = site
      record.thread = thread
      record.since = now
      guard let guarded = unsafe record.guarded else { return }
      unsafe guarded.pointee.zone = CName.of(zone.name)
      unsafe guarded.pointee.allocated_line = site.line
      unsafe guarded.pointee.allocated_file = site.cFile
      unsafe guarded.pointee.is_live = true
    }
  }

  // MARK: On the way back

  /// Takes an item from its user, or says why not.
  func takeBack(_ item: UnsafeMutableRawPointer, _ zone: Zone, _ site: CallSite) -> ZoneFault? {
    enum Verdict { case taken(Record), fault(ZoneFault), unknown }
    let address = UInt(bitPattern: item)
    let verdict = records.withLock { records -> Verdict in
      guard var record = records[address] else { return .unknown }
      guard record.state == .live else {
        let kind =
          record.allocated == nil
          ? ZoneFault.Kind.neverAllocated(freed: site) : .freedTwice(again: site)
        return .fault(fault(kind, address, record))
      }
      if options.contains(.ownZone), record.owner != zone {
        return .fault(fault(.otherZone(freed: site, zoneName: zone.name), address, record))
      }
      record.state = .moving
      record.freed = site
      records[address] = record
      return .taken(record)
    }
    switch verdict {
    case .taken(let record):
      guard let damage = unsafe frame.zoneDamage(item) else { return nil }
      return fault(.writtenBeyond(damage), address, record)
    case .fault(let fault): return fault
    case .unknown:
      return holding(address, freed: site)
        ?? ZoneFault(
          kind: .notAnItem(freed: site), zoneName: zone.name, address: address,
          itemByteCount: frame.itemByteCount)
    }
  }

  /// Runs what the zone's user gave as `finalize`.
  func unprepare(_ item: UnsafeMutableRawPointer) {
    unsafe hooks.withLock { unsafe $0.finalize }?(item)
  }

  /// Makes an item free that nobody touches any more, and says where its place starts.
  func close(_ item: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    if hasKeg { unsafe frame.markFree(item) }
    // Refused only where mappings run out, and then the item merely stays touchable.
    _ = unsafe frame.setTouchable(item, false)
    unsafe update(item) { record in
      record.state = .free
      guard let guarded = unsafe record.guarded else { return }
      unsafe guarded.pointee.freed_line = record.freed?.line ?? 0
      unsafe guarded.pointee.freed_file = record.freed?.cFile
      unsafe guarded.pointee.is_live = false
    }
    return unsafe place(of: item)
  }

  private func update(_ item: UnsafeMutableRawPointer, _ change: (inout Record) -> Void) {
    records.withLock { records in
      // The item is moving, and its record stays until its slab goes.
      change(&records[UInt(bitPattern: item), default: Record()])
    }
  }

  // MARK: Looking

  /// Whether an item is with a caller.
  func isLive(_ item: UnsafeMutableRawPointer) -> Bool {
    records.withLock { $0[UInt(bitPattern: item)]?.state == .live }
  }

  /// The items with callers at this moment, and what is known of them.
  func liveRecords() -> [(address: UInt, record: Record)] {
    records.withLock { records in
      records.compactMap { $0.value.state == .live ? ($0.key, $0.value) : nil }
    }
  }

  /// The first fault in the bytes around items in use and in free ones.
  func firstDamage(_ site: CallSite) -> ZoneFault? {
    records.withLock { records in
      for (address, record) in records {
        guard let item = unsafe UnsafeMutableRawPointer(bitPattern: address) else { continue }
        switch record.state {
        case .moving: continue
        case .live:
          if let damage = unsafe frame.zoneDamage(item) {
            var fault = fault(.writtenBeyond(damage), address, record)
            fault.freed = nil
            fault.noticed = site
            return fault
          }
        case .free:
          // A guarded item cannot be written while it is free, nor read.
          if frame.guardByteCount > 0 { continue }
          if let fault = unsafe checkFree(item, record, site) { return fault }
        }
      }
      return nil
    }
  }

  /// What to say of an address that is no item's start, if it lies in the place of an item.
  private func holding(_ address: UInt, freed site: CallSite) -> ZoneFault? {
    records.withLock { records in
      for (item, record) in records {
        let start = item - UInt(frame.frontByteCount)
        if address < start || address - start >= UInt(frame.places.stride) { continue }
        let byte = Int(bitPattern: address &- item)
        return fault(.insideItem(byte: byte, freed: site), item, record)
      }
      return nil
    }
  }

  /// What to say of an item of this keg that was freed elsewhere; nil if it is none.
  func strayed(_ address: UInt, freed site: CallSite, to zone: Zone) -> ZoneFault? {
    records.withLock { records in
      records[address].map {
        fault(.otherZone(freed: site, zoneName: zone.name), address, $0)
      }
    }
  }

  private func checkFree(_ item: UnsafeMutableRawPointer, _ record: Record, _ site: CallSite?)
    -> ZoneFault?
  {
    if !hasKeg { return nil }
    let kind: ZoneFault.Kind
    if let damage = unsafe frame.junkDamage(item) {
      kind = .writtenAfterFree(damage)
    } else if let damage = unsafe frame.zoneDamage(item) {
      kind = .writtenBeyond(damage)
    } else {
      return nil
    }
    var fault = fault(kind, UInt(bitPattern: item), record)
    fault.noticed = site
    return fault
  }

  private func fault(_ kind: ZoneFault.Kind, _ address: UInt, _ record: Record) -> ZoneFault {
    ZoneFault(
      kind: kind, zoneName: record.ownerName ?? zoneName, address: address,
      itemByteCount: frame.itemByteCount, allocated: record.allocated, freed: record.freed)
  }
}

/// Names as the handler for faults needs them: ended by a zero byte, and there forever.
enum CName {
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
