// SPDX-License-Identifier: BSD-2-Clause
//
// What is known of every item of a watched keg. There is one record for each item of each slab,
// made and dropped with the slab, so an address without a record is no item.
//
//     free --open--> moving --handOut--> live --takeBack--> moving --close--> free
//                    hooks run           user's             hooks run
//
//     state == .free  <=>  the item's bit in its slab says free, except for items on their way
//
// Every transition is one step under the lock. The bytes of a free item are looked at under the
// lock; those of a moving item belong to the thread that moves it. Faults are reported with the
// lock dropped.
//
// Lock order: nothing is locked while the records are.

final class Shadow: Sendable {
  enum State { case free, moving, live }

  /// A zone, which may have ended since.
  struct Owner {
    /// Unlike any other zone's.
    let number: UInt
    let name: String
  }

  struct Record {
    var state = State.free
    /// The zone that handed it out last.
    var owner: Owner?
    var allocated: CallSite?
    var freed: CallSite?
    var thread = ThreadLabel(number: 0, name: "")
    var since = ContinuousClock.now
    /// What the handler for faults knows of it.
    var guarded: GuardEntry?
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
      initialize: { unsafe self.make(Item($0)) }, finalize: { unsafe self.unmake(Item($0)) })
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
  func place(of item: Item) -> Item {
    item.advanced(by: -frame.frontByteCount)
  }

  // MARK: With the slab

  private func make(_ place: Item) -> Bool {
    let item = place.advanced(by: frame.frontByteCount)
    frame.markZones(item)
    frame.markFree(item)
    var record = Record()
    if frame.guardByteCount > 0 {
      record.guarded = GuardEntry(item, in: place, frame, zoneName: zoneName)
      if record.guarded == nil { return false }
    }
    guard frame.setGuard(item, true), frame.setTouchable(item, false) else {
      _ = frame.setGuard(item, false)
      record.guarded?.give()
      return false
    }
    records.withLock { $0[item.number] = record }
    return true
  }

  private func unmake(_ place: Item) {
    let item = place.advanced(by: frame.frontByteCount)
    guard let record = records.withLock({ $0.removeValue(forKey: item.number) })
    else { return }
    guard frame.setTouchable(item, true), frame.setGuard(item, false) else {
      fatalError("zone \(zoneName): the system has no mapping left; raise vm.max_map_count")
    }
    record.guarded?.give()
    checkFree(item, record, nil)?.stop()
  }

  // MARK: On the way out

  /// Makes a free item of the keg one that hooks may prepare; nil if the system has no mapping left.
  func open(_ place: Item, _ site: CallSite) -> Item? {
    let item = place.advanced(by: frame.frontByteCount)
    guard frame.setTouchable(item, true) else { return nil }
    let record = records.withLock { records -> Record in
      var record = records[item.number] ?? Record()
      record.state = .moving
      records[item.number] = record
      return record
    }
    checkFree(item, record, site)?.stop()
    return item
  }

  /// Runs what the zone's user gave as `initialize`.
  func prepare(_ item: Item) -> Bool {
    if zeroes {
      item.fill(frame.itemByteCount)
    }
    return hooks.withLock { $0 }.runInitialize(item)
  }

  /// Notes that an item is with a caller, who takes it at `site` on this thread.
  func handOut(_ item: Item, to owner: Owner, _ site: CallSite) {
    let thread = ThreadLabel.current()
    let now = ContinuousClock.now
    update(item) { record in
      record.state = .live
      record.owner = owner
      record.allocated = site
      record.thread = thread
      record.since = now
      record.guarded?.noteAllocated(zoneName: owner.name, site)
    }
  }

  // MARK: On the way back

  /// Takes an item from its user, or says why not.
  func takeBack(_ item: Item, from owner: Owner, _ site: CallSite) -> ZoneFault? {
    enum Verdict { case taken(Record), fault(ZoneFault), unknown }
    let address = item.number
    let verdict = records.withLock { records -> Verdict in
      guard var record = records[address] else { return .unknown }
      guard record.state == .live else {
        let kind =
          record.allocated == nil
          ? ZoneFault.Kind.neverAllocated(freed: site) : .freedTwice(again: site)
        return .fault(fault(kind, address, record))
      }
      if options.contains(.ownZone), record.owner?.number != owner.number {
        return .fault(fault(.otherZone(freed: site, zoneName: owner.name), address, record))
      }
      record.state = .moving
      record.freed = site
      records[address] = record
      return .taken(record)
    }
    switch verdict {
    case .taken(let record):
      guard let damage = frame.zoneDamage(item) else { return nil }
      return fault(.writtenBeyond(damage), address, record)
    case .fault(let fault): return fault
    case .unknown:
      return holding(address, freed: site)
        ?? ZoneFault(
          kind: .notAnItem(freed: site), zoneName: owner.name, address: address,
          itemByteCount: frame.itemByteCount)
    }
  }

  /// Runs what the zone's user gave as `finalize`.
  func unprepare(_ item: Item) {
    hooks.withLock { $0 }.runFinalize(item)
  }

  /// Makes an item free that nobody touches any more, and says where its place starts.
  func close(_ item: Item) -> Item {
    if hasKeg { frame.markFree(item) }
    // Refused only where mappings run out, and then the item merely stays touchable.
    _ = frame.setTouchable(item, false)
    update(item) { record in
      record.state = .free
      record.guarded?.noteFreed(record.freed)
    }
    return place(of: item)
  }

  private func update(_ item: Item, _ change: (inout Record) -> Void) {
    records.withLock { records in
      // The item is moving, and its record stays until its slab goes.
      change(&records[item.number, default: Record()])
    }
  }

  // MARK: Inspecting

  /// Whether an item is with a caller.
  func isLive(_ item: Item) -> Bool {
    records.withLock { $0[item.number]?.state == .live }
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
        guard let item = Item(number: address) else { continue }
        switch record.state {
        case .moving: continue
        case .live:
          if let damage = frame.zoneDamage(item) {
            var fault = fault(.writtenBeyond(damage), address, record)
            fault.freed = nil
            fault.noticed = site
            return fault
          }
        case .free:
          // A guarded item cannot be written while it is free, nor read.
          if frame.guardByteCount > 0 { continue }
          if let fault = checkFree(item, record, site) { return fault }
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
  func otherZone(_ item: Item, freed site: CallSite, to zoneName: String) -> ZoneFault? {
    records.withLock { records in
      records[item.number].map {
        fault(.otherZone(freed: site, zoneName: zoneName), item.number, $0)
      }
    }
  }

  private func checkFree(_ item: Item, _ record: Record, _ site: CallSite?)
    -> ZoneFault?
  {
    if !hasKeg { return nil }
    let kind: ZoneFault.Kind
    if let damage = frame.junkDamage(item) {
      kind = .writtenAfterFree(damage)
    } else if let damage = frame.zoneDamage(item) {
      kind = .writtenBeyond(damage)
    } else {
      return nil
    }
    var fault = fault(kind, item.number, record)
    fault.noticed = site
    return fault
  }

  private func fault(_ kind: ZoneFault.Kind, _ address: UInt, _ record: Record) -> ZoneFault {
    ZoneFault(
      kind: kind, zoneName: record.owner?.name ?? zoneName, address: address,
      itemByteCount: frame.itemByteCount, allocated: record.allocated, freed: record.freed)
  }
}
