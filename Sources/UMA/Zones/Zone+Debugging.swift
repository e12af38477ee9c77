// SPDX-License-Identifier: BSD-2-Clause

/// What a watched zone knows of its items.
extension Zone {
  /// What the zone watches its items for.
  public var debugging: ZoneDebugging { shadow?.options ?? [] }

  /// The items that are with callers, oldest first; none if the zone is not watched.
  ///
  /// Exact at one moment: a watched zone has no caches, and all changes of hands pass one lock, which
  /// is held while the items are listed.
  public func liveItems() -> [LiveItem] {
    guard let shadow else { return [] }
    let now = ContinuousClock.now
    return shadow.liveRecords().compactMap { address, record -> LiveItem? in
      guard record.owner?.number == number, let site = record.allocated else { return nil }
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

  /// Checks the bytes around all items in use and in all free ones, and traps if any are damaged.
  ///
  /// It checks the whole keg, for the damage that the next free or allocation would find.
  public func checkItems(file: StaticString = #fileID, line: UInt = #line) {
    shadow?.firstDamage(CallSite(file, line))?.stop()
  }
}
