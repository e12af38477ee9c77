// SPDX-License-Identifier: BSD-2-Clause
import CUMA

/// An item that is with a caller, in a zone that is watched.
public struct LiveItem: Sendable, Equatable {
  /// The item's address.
  public let address: UInt
  /// Bytes of the item.
  public let byteCount: Int
  /// The zone it was allocated from.
  public let zoneName: String
  /// Where it was allocated.
  public let site: CallSite
  /// The thread it was allocated on.
  public let thread: ThreadLabel
  /// How long ago that was.
  public let age: Duration
}

/// A thread by its number and name.
public struct ThreadLabel: Sendable, Hashable, CustomStringConvertible {
  /// The system's number for it.
  public let number: UInt64
  /// The name it was given, at most 15 bytes.
  public let name: String

  /// `name (number)`.
  public var description: String { "\(name) (\(number))" }

  static func current() -> ThreadLabel {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { place in
      guard let base = place.baseAddress else { return ThreadLabel(number: 0, name: "") }
      let number = unsafe mbuma_thread_number(base)
      return unsafe ThreadLabel(number: number, name: String(cString: base))
    }
  }
}

/// Who holds the items of a zone, by the place where they were allocated.
public struct LeakReport: Sendable, CustomStringConvertible {
  /// The items that one line of the source has allocated.
  public struct Group: Sendable, Equatable {
    /// The line.
    public let site: CallSite
    /// Items of it that are out.
    public let itemCount: Int
    /// Their bytes.
    public let byteCount: Int
    /// Age of the oldest.
    public let oldest: Duration
    /// The thread that allocated the oldest.
    public let thread: ThreadLabel
  }

  /// The zone.
  public let zoneName: String
  /// Most items first.
  public let groups: [Group]

  /// Items in all groups.
  public var itemCount: Int { groups.reduce(0) { $0 + $1.itemCount } }

  init(zoneName: String, _ items: [LiveItem]) {
    self.zoneName = zoneName
    groups = Dictionary(grouping: items, by: \.site).compactMap { site, items -> Group? in
      guard let oldest = items.max(by: { $0.age < $1.age }) else { return nil }
      return Group(
        site: site, itemCount: items.count, byteCount: items.reduce(0) { $0 + $1.byteCount },
        oldest: oldest.age, thread: oldest.thread)
    }.sorted { ($0.itemCount, $1.site.description) > ($1.itemCount, $0.site.description) }
  }

  /// One line for the zone, and one for each of the ten sites with most items.
  public var description: String {
    var lines = ["zone \(zoneName): \(itemCount) items in use"]
    for group in groups.prefix(10) {
      lines.append(
        "  \(group.itemCount) items, \(group.byteCount) bytes, allocated at \(group.site), "
          + "oldest \(Self.text(group.oldest)) by thread \(group.thread)")
    }
    if groups.count > 10 { lines.append("  and \(groups.count - 10) other places") }
    return lines.joined(separator: "\n")
  }

  /// Seconds with three digits.
  private static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = String(attoseconds / 1_000_000_000_000_000)
    let zeroes = String(repeating: "0", count: Swift.max(0, 3 - milliseconds.count))
    return "\(seconds).\(zeroes)\(milliseconds) s"
  }
}
