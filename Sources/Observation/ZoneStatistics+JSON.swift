// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension ZoneStatistics {
  /// One zone as `vmstat -z` has its columns, with units in the names.
  ///
  /// BSD: `vmstat -z`: ITEM, SIZE, LIMIT, USED, FREE, REQUESTS, FAIL.
  public var json: JSONValue {
    [
      "item": .string(name),
      "size_bytes": .integer(itemByteCount),
      "limit_items": .integer(limitInItems),
      "used_items": .integer(inUse),
      "cached_items": .integer(cached),
      "free_items": .integer(free),
      "total_items": .integer(total),
      "requests": .integer(allocations),
      "frees": .integer(frees),
      "failures": .integer(denials),
      "slabs": .integer(slabCount),
      "slab_bytes": .integer(slabByteCount),
    ]
  }
}
