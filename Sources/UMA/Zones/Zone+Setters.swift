// SPDX-License-Identifier: BSD-2-Clause

/// The hooks that may be set after a zone was made, while its keg has no pages yet: for zones whose
/// hooks need the zone.
extension Zone {
  /// Sets what runs when memory becomes an item of the keg.
  ///
  /// - Precondition: the keg has no pages; the zone is a master; `zeroInitialize` is not set.
  ///
  /// BSD: `uma_zone_set_init`.
  public func setInitialize(_ initialize: ItemHooks.Maker?) {
    precondition(!flags.contains(.zeroInitialize), "zone \(name): zeroInitialize was asked for")
    changeKegHooks("initialize") { unsafe $0.initialize = initialize }
  }

  /// Sets what runs when an item's memory goes back to the page source.
  ///
  /// - Precondition: the keg has no pages; the zone is a master.
  ///
  /// BSD: `uma_zone_set_fini`.
  public func setFinalize(_ finalize: ItemHooks.Unmaker?) {
    changeKegHooks("finalize") { unsafe $0.finalize = finalize }
  }

  /// Sets what runs when an item moves from the keg to this zone.
  ///
  /// - Precondition: the keg has no pages, and no other thread uses the zone yet.
  ///
  /// BSD: `uma_zone_set_zinit`.
  public func setImport(_ importItem: ItemHooks.Importer?) {
    requireNoPages("importItem")
    changeHooks { unsafe $0.importItem = importItem }
  }

  /// Sets what runs when an item moves from this zone to the keg.
  ///
  /// - Precondition: the keg has no pages, and no other thread uses the zone yet.
  ///
  /// BSD: `uma_zone_set_zfini`.
  public func setExport(_ exportItem: ItemHooks.Unmaker?) {
    requireNoPages("exportItem")
    changeHooks { unsafe $0.exportItem = exportItem }
  }

  private func changeKegHooks(_ what: String, _ change: (inout ItemHooks) -> Void) {
    precondition(
      !body.isSecondary, "zone \(name): \(what) belongs to the keg of its master")
    let shadow = shadow
    // A watched keg has hooks of its own, and the shadow runs the zone's.
    let isChanged = keg.changeHooks { if shadow == nil { change(&$0) } }
    precondition(isChanged, "zone \(name): \(what) is set after the keg has pages")
    shadow?.changeHooks(change)
    changeHooks(change)
  }

  private func requireNoPages(_ what: String) {
    let slabCount = keg.slabs.withLock { $0.slabCount }
    precondition(
      slabCount == 0, "zone \(name): \(what) is set after the keg has \(slabCount) slabs")
  }
}
