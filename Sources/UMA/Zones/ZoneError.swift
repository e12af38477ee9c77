// SPDX-License-Identifier: BSD-2-Clause

/// Why an allocation was denied.
///
/// The zone is unchanged and nothing was allocated. Unless it was injected, a denial comes only when
/// no free item of the zone is left in any thread's cache.
public struct ZoneError: Error, Equatable, CustomStringConvertible {
  /// The kinds of denial.
  public enum Reason: UInt8, CaseIterable, Sendable {
    /// The zone has as many items out as its limit allows.
    case limitReached
    /// The page source had no pages, or an item's hook failed to make it.
    case outOfMemory
    /// The zones on one memory budget hold as many bytes as it allows.
    case budgetReached
    /// A failure plan asked for it.
    case injected
    /// No item came while the caller waited.
    case deadlinePassed
    /// The task that waited was cancelled.
    case cancelled
  }

  package let zone: Zone
  /// Why it denied.
  public let reason: Reason
  /// The zone may have ended since.
  private let name: ZoneName
  /// The limit in items for `.limitReached`, in bytes for `.budgetReached`; else the bytes of the
  /// item that was asked for.
  public let count: Int

  init(zone: Zone, reason: Reason, count: Int) {
    self.zone = zone
    self.reason = reason
    name = ZoneName(zone.name)
    self.count = count
  }

  /// The name of the zone that was asked.
  public var zoneName: String { name.text }

  /// Which setting to change so that the allocation would have succeeded.
  private var remedy: String {
    switch reason {
    case .limitReached: "raise limitInItems of zone \(zoneName), now \(count)"
    case .outOfMemory: "give zone \(zoneName) a page source with room"
    case .budgetReached: "raise limitInBytes of the memory budget, now \(count)"
    case .injected: "remove the failure plan of zone \(zoneName)"
    case .deadlinePassed: "wait longer, or raise limitInItems of zone \(zoneName)"
    case .cancelled: "do not cancel the task"
    }
  }

  /// Zone, reason and the setting to change in one line.
  public var description: String {
    switch reason {
    case .limitReached: "zone \(zoneName): limit of \(count) items reached; \(remedy)"
    case .outOfMemory: "zone \(zoneName): no memory for an item of \(count) bytes; \(remedy)"
    case .budgetReached: "zone \(zoneName): memory budget of \(count) bytes reached; \(remedy)"
    case .injected: "zone \(zoneName): failure injected; \(remedy)"
    case .deadlinePassed: "zone \(zoneName): no item came before the deadline; \(remedy)"
    case .cancelled: "zone \(zoneName): cancelled while waiting for an item; \(remedy)"
    }
  }
}
