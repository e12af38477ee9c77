// SPDX-License-Identifier: BSD-2-Clause
public import UMA

extension ZoneStatistics {
  /// One zone as `vmstat -z` has its columns, with units in the names, and what more is known.
  ///
  /// BSD: `vmstat -z`: ITEM, SIZE, LIMIT, USED, FREE, REQUESTS, FAIL, SLEEP.
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
      "sleeps": .integer(sleeps),
      "sleepers": .integer(sleepers),
      "failures_by_reason": failuresByReason,
      "stride_bytes": .integer(strideByteCount),
      "pages": .integer(pageCount),
      "flags": .array(flags.setNames.map(JSONValue.string)),
      "limit_in_force_items": .integer(limitInForce),
      "reserve_items": .integer(reserveInItems),
      "above_limit_items": .integer(itemsAboveLimit),
      "bucket_items": .integer(bucketCapacity),
      "shelved_items": .integer(inDepot),
      "working_set_items": .integer(workingSet),
      "lock_acquisitions": .integer(lockAcquisitions),
      "threads": .array(threadCaches.map(\.json)),
    ]
  }

  private var failuresByReason: JSONValue {
    .object(
      denialsByReason.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { (String(snakeCase: $0.key), .integer($0.value)) })
  }
}

extension ThreadCacheStatistics {
  /// One thread's cache of a zone.
  var json: JSONValue {
    [
      "thread": .integer(thread),
      "requests": .integer(allocations),
      "frees": .integer(frees),
      "cached_items": .integer(cached),
    ]
  }
}
