// SPDX-License-Identifier: BSD-2-Clause
//
// Where a watched zone differs: at the two seams between zone and keg.
//
//     keg --open--> (initialize, importItem) --handOut--> caller
//     keg <--close-- (finalize, exportItem) <--takeBack-- caller
//
// An item that a hook allocates is on the account of whoever made the hook run: the cluster of a
// packet belongs to the line that asked for the packet.

import CUMA

extension Zone {
  // MARK: Looking

  /// What the zone watches its items for.
  public var debugging: ZoneDebugging { unsafe core.pointee.shadow?.options ?? [] }

  /// The items that are with callers, oldest first; none if the zone is not watched.
  ///
  /// Exact at one moment: a watched zone has no caches, and all changes of hands pass one lock, which
  /// is held while the items are listed.
  public func liveItems() -> [LiveItem] {
    guard let shadow = unsafe core.pointee.shadow else { return [] }
    let now = ContinuousClock.now
    return shadow.liveRecords().compactMap { address, record -> LiveItem? in
      guard record.owner == self, let site = record.allocated else { return nil }
      return LiveItem(
        address: address, byteCount: shadow.frame.itemByteCount, zoneName: name, site: site,
        thread: record.thread, age: Swift.max(.zero, now - record.since))
    }.sorted { ($0.age, $1.address) > ($1.age, $0.address) }
  }

  /// The items with callers, grouped by the line that allocated them.
  ///
  /// - Parameter age: items that are out for less are left out.
  public func leakReport(olderThan age: Duration = .zero) -> LeakReport {
    LeakReport(zoneName: name, liveItems().filter { $0.age >= age })
  }

  /// Looks at the bytes around all items in use and in all free ones, and stops at damage.
  ///
  /// It looks at the whole keg, for the damage that the next free or allocation would find.
  public func checkItems(file: StaticString = #fileID, line: UInt = #line) {
    unsafe core.pointee.shadow?.firstDamage(CallSite(file, line))?.stop()
  }

  // MARK: Seams

  /// Makes an item drawn from below one of the zone, in its place; false if a hook refuses it, and
  /// then it is as it was.
  func bring(_ places: ItemPlaces, _ index: Int, isAwaited: Bool, _ site: CallSite) -> Bool {
    let place = unsafe places[index].address
    let importItem = unsafe core.pointee.hooks.importItem
    guard let shadow = unsafe core.pointee.shadow else {
      guard let importItem = unsafe importItem else { return true }
      return CallSite.onBehalf(of: site) { unsafe importItem(place, isAwaited) }
    }
    let account = CallSite.outermost(site)
    guard let item = unsafe shadow.open(place, account) else { return false }
    let isReady = CallSite.onBehalf(of: account) { () -> Bool in
      guard unsafe shadow.prepare(item) else { return false }
      guard let importItem = unsafe importItem, unsafe !importItem(item, isAwaited) else {
        return true
      }
      unsafe shadow.unprepare(item)
      return false
    }
    guard isReady else {
      _ = unsafe shadow.close(item)
      return false
    }
    unsafe shadow.handOut(item, self, account)
    unsafe places[index] = Item(item)
    return true
  }

  /// Makes an item that is being freed one of the keg again, and says where the keg has it.
  ///
  /// - Parameters:
  ///   - owner: the zone it was allocated from, by what the caller says.
  ///   - exports: whether `importItem` is still to be undone.
  func strip(
    _ item: UnsafeMutableRawPointer, of owner: Zone, _ site: CallSite, exports: Bool = true
  ) -> UnsafeMutableRawPointer {
    let exportItem = unsafe exports ? core.pointee.hooks.exportItem : nil
    guard let shadow = unsafe core.pointee.shadow else {
      if let exportItem = unsafe exportItem { unsafe exportItem(item) }
      return unsafe item
    }
    let account = CallSite.outermost(site)
    if let fault = unsafe shadow.takeBack(item, owner, account) {
      unsafe traced(fault, item, shadow).stop()
    }
    CallSite.onBehalf(of: account) {
      if let exportItem = unsafe exportItem { unsafe exportItem(item) }
      unsafe shadow.unprepare(item)
    }
    return unsafe shadow.close(item)
  }

  /// Notes who has an item that was waited for, since somebody else may have brought it.
  func noteWaited(_ item: UnsafeMutableRawPointer, _ site: CallSite) {
    if let shadow = unsafe core.pointee.shadow {
      unsafe shadow.handOut(item, self, CallSite.outermost(site))
    }
  }

  /// Says whose item a stranger is, if another watched zone knows it.
  private func traced(_ fault: ZoneFault, _ item: UnsafeMutableRawPointer, _ shadow: Shadow)
    -> ZoneFault
  {
    guard case .notAnItem(let site) = fault.kind else { return fault }
    var found: ZoneFault?
    Self.forEach { zone in
      guard found == nil, let other = unsafe zone.core.pointee.shadow, other !== shadow else {
        return
      }
      found = other.strayed(UInt(bitPattern: item), freed: site, to: self)
    }
    return found ?? fault
  }
}

extension CallSite {
  /// Runs a hook; what it allocates and frees is on the account of `site`.
  static func onBehalf<Result>(of site: CallSite, _ body: () -> Result) -> Result {
    if unsafe mbuma_hook_site() != nil { return body() }
    return unsafe withUnsafePointer(to: site) { here in
      unsafe mbuma_set_hook_site(here)
      defer { mbuma_set_hook_site(nil) }
      return body()
    }
  }

  /// The site that a hook was run for on this thread, or `site` outside of hooks.
  static func outermost(_ site: CallSite) -> CallSite {
    guard let outer = unsafe mbuma_hook_site() else { return site }
    // Set by `onBehalf`, which stands further up on this stack.
    return unsafe outer.assumingMemoryBound(to: CallSite.self).pointee
  }
}
