// SPDX-License-Identifier: BSD-2-Clause

/// What runs when an item changes hands.
///
///     pages --initialize--> keg --import--> zone --construct--> caller
///     pages <--finalize---- keg <--export-- zone <--destruct--- caller
///
/// An item keeps its state at each place: `destruct` leaves what `importItem` made, `exportItem`
/// leaves what `initialize` made. If `construct` fails the item goes back through `exportItem`,
/// without `destruct`; if `importItem` fails it goes back to the keg as it was; if `initialize`
/// fails the whole slab is undone, backwards.
///
/// Hooks run with no lock held. They may allocate from other zones, but not from their own, nor
/// from one whose hooks allocate from it: each could wait for the other's to end. Nor may they take
/// a lock that others hold while allocating from a zone of the same keg, budget or page source: a
/// denial there waits for the drain that the hook is part of.
///
/// BSD: ctor, dtor, init, fini of `uma_zcreate`; zinit, zfini of `uma_zsecond_create`.
@safe
public struct ItemHooks: Sendable {
  /// Prepares an item or refuses it.
  public typealias Maker = @Sendable (UnsafeMutableRawPointer) -> Bool
  /// Prepares an item that a caller waits for, or that will be cached; or refuses it.
  public typealias Importer =
    @Sendable (_ item: UnsafeMutableRawPointer, _ isAwaited: Bool) -> Bool
  /// Undoes what a maker did.
  public typealias Unmaker = @Sendable (UnsafeMutableRawPointer) -> Void

  /// Runs at every allocation (ctor).
  public var construct: Maker?
  /// Runs at every free (dtor).
  public var destruct: Unmaker?
  /// Runs when memory becomes an item of the keg (init).
  ///
  /// A secondary zone has none of its own.
  public var initialize: Maker?
  /// Runs when an item's memory goes back to the page source (fini).
  public var finalize: Unmaker?
  /// Runs when an item moves from the keg to the zone (zinit).
  ///
  /// It is told whether a caller waits for the item. Where none does, the item would only be
  /// cached, and a hook that needs more to make it should not take that from others.
  public var importItem: Importer?
  /// Runs when an item moves from the zone to the keg (zfini).
  public var exportItem: Unmaker?

  /// No hooks: nothing runs.
  public init() {}

  /// Collects the hooks of a zone; those left out do nothing.
  public init(
    construct: Maker? = nil, destruct: Unmaker? = nil, initialize: Maker? = nil,
    finalize: Unmaker? = nil, importItem: Importer? = nil, exportItem: Unmaker? = nil
  ) {
    unsafe self.construct = construct
    unsafe self.destruct = destruct
    unsafe self.initialize = initialize
    unsafe self.finalize = finalize
    unsafe self.importItem = importItem
    unsafe self.exportItem = exportItem
  }
}

// MARK: - Run by kegs and zones

extension ItemHooks {
  var initializes: Bool { unsafe initialize != nil }
  var finalizes: Bool { unsafe finalize != nil }
  var imports: Bool { unsafe importItem != nil }
  var exports: Bool { unsafe exportItem != nil }

  /// Runs `initialize`; true if the item is prepared.
  func runInitialize(_ item: Item) -> Bool { unsafe initialize?(item.address) ?? true }

  /// Undoes what `initialize` did.
  func runFinalize(_ item: Item) { unsafe finalize?(item.address) }

  /// Runs `importItem`; true if the item is prepared.
  func runImport(_ item: Item, isAwaited: Bool) -> Bool {
    unsafe importItem?(item.address, isAwaited) ?? true
  }

  /// Undoes what `importItem` did.
  func runExport(_ item: Item) { unsafe exportItem?(item.address) }
}
