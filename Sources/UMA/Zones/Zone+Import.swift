// SPDX-License-Identifier: BSD-2-Clause
//
// Between keg and zone: an item of the keg becomes one of the zone, and one of the keg again.
//
//     keg ------------> importItem ------------> caller              of a zone that is not watched
//     keg <------------ exportItem <------------ caller
//
//     keg --open--> initialize, importItem --handOut--> caller       of one that is (Shadow.swift)
//     keg <--close-- finalize, exportItem <--takeBack-- caller
//
// An item of a watched keg stands within a larger place, which is what the keg knows. What a hook
// allocates is on the account of whoever made the hook run: the cluster of a packet belongs to the
// line that asked for the packet.

extension Zone {
  /// Whether an item of the keg is one of the zone as it is.
  var isPlain: Bool { shadow == nil && !body.hooks.imports }

  /// Makes an item drawn from below one of the zone.
  ///
  /// - Parameters:
  ///   - place: the item as the keg knows it.
  ///   - isAwaited: whether a caller waits for it.
  ///   - site: who asked.
  /// - Returns: the item as callers know it; nil if a hook refuses it, and then it is as it was.
  func bring(_ place: Item, isAwaited: Bool, _ site: CallSite) -> Item? {
    guard let shadow else {
      if isPlain { return place }
      let isReady = CallSite.onBehalf(of: site) {
        body.hooks.runImport(place, isAwaited: isAwaited)
      }
      return isReady ? place : nil
    }
    let account = CallSite.outermost(site)
    guard let item = shadow.open(place, account) else { return nil }
    let isReady = CallSite.onBehalf(of: account) { () -> Bool in
      guard shadow.prepare(item) else { return false }
      if body.hooks.runImport(item, isAwaited: isAwaited) { return true }
      shadow.unprepare(item)
      return false
    }
    guard isReady else {
      _ = shadow.close(item)
      return nil
    }
    shadow.handOut(item, to: asOwner, account)
    return item
  }

  /// Makes an item that is being freed one of the keg again.
  ///
  /// - Parameters:
  ///   - item: the item as callers know it.
  ///   - owner: the zone it was allocated from, by what the caller says.
  ///   - site: who frees it.
  ///   - exports: whether `importItem` is still to be undone.
  /// - Returns: the item as the keg knows it.
  func strip(_ item: Item, of owner: Zone, _ site: CallSite, exports: Bool = true) -> Item {
    guard let shadow else {
      if exports { body.hooks.runExport(item) }
      return item
    }
    let account = CallSite.outermost(site)
    if let fault = shadow.takeBack(item, from: owner.asOwner, account) {
      traced(fault, item, shadow).stop()
    }
    CallSite.onBehalf(of: account) {
      if exports { body.hooks.runExport(item) }
      shadow.unprepare(item)
    }
    return shadow.close(item)
  }

  /// Notes who has an item that was waited for, since another thread may have brought it.
  func noteWaited(_ item: Item, _ site: CallSite) {
    shadow?.handOut(item, to: asOwner, CallSite.outermost(site))
  }

  private var asOwner: Shadow.Owner { Shadow.Owner(number: number, name: name) }

  /// The fault with the zone that an unknown address is an item of, if another watched zone knows it.
  private func traced(_ fault: ZoneFault, _ item: Item, _ shadow: Shadow) -> ZoneFault {
    guard case .notAnItem(let site) = fault.kind else { return fault }
    var found: ZoneFault?
    Self.forEach { zone in
      guard found == nil, let other = zone.shadow, other !== shadow else { return }
      found = other.otherZone(item, freed: site, to: name)
    }
    return found ?? fault
  }
}
