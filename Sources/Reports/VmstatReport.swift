// SPDX-License-Identifier: BSD-2-Clause
public import UMA

/// The zones of a process as `vmstat -z` shows them.
///
///     ITEM                   SIZE  LIMIT     USED     FREE      REQ FAIL SLEEP
///
///     mbuf_cluster:          2048,   1000,     125,      16,     130,   2,   0
///
/// SIZE is bytes; LIMIT, USED and FREE are items; REQ, FAIL and SLEEP are times. A limit of 0 is
/// none. FREE is what waits in caches and buckets and on slabs; a secondary zone's slabs count for
/// its master.
///
/// BSD: `vmstat -z` (usr.bin/vmstat/vmstat.c, FreeBSD 9).
public struct VmstatReport: Sendable {
  /// What is reported.
  let zones: [ZoneStatistics]

  /// Reports on figures taken before, or on those that all zones have now.
  public init(_ zones: [ZoneStatistics] = ZoneStatistics.all()) { self.zones = zones }

  /// The table, each line ended by a newline.
  public var text: String {
    let columns = ["SIZE", "LIMIT", "USED", "FREE", "REQ", "FAIL", "SLEEP"]
    let head = zip(columns, [6, 6, 8, 8, 8, 4, 4]).map { name, width in
      " " + Self.right(name, width)
    }
    return Self.left("ITEM", 20) + head.joined() + "\n\n" + zones.map(Self.line).joined()
  }

  private static func line(_ zone: ZoneStatistics) -> String {
    let size = right(zone.itemByteCount, 6) + ", " + right(zone.limitInItems, 6)
    let items = [right(zone.inUse, 8), right(zone.cached + zone.free, 8)]
    let times = [right(zone.allocations, 8), right(zone.denials, 4), right(zone.sleeps, 4)]
    return left(zone.name + ":", 20) + " " + ([size] + items + times).joined(separator: ",") + "\n"
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: Swift.max(0, width - text.count))
  }

  private static func right(_ value: some CustomStringConvertible, _ width: Int) -> String {
    let text = value.description
    return String(repeating: " ", count: Swift.max(0, width - text.count)) + text
  }
}
