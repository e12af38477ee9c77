// SPDX-License-Identifier: BSD-2-Clause
//
// The zones of the process:
//
//     made --list--> listed --unlist--> ending --end--> ended
//                       ^-------list-------'               with items still out
//
// A zone on the list, or with a slot, does not end while somebody stays with it (`ZoneBody.visits`);
// whoever comes from here says so under this lock.
//
// Lock order: zones, then this or a keg; nothing after these. Never both this and the list of tables
// (CacheTables.swift).

/// The zones of the process.
struct Registry: ~Copyable {
  /// Every zone that is not destroyed, with a slot or without, in the order in which they were made.
  private(set) var all: [Zone] = []
  /// The numbers of these.
  private var numbers: Set<UInt> = []
  /// By slot; slot 0 stays empty.
  private var slots: [Zone?] = [nil]
  private var freeSlots: [Int] = []
  /// The zones whose items hold items of a zone, by its number.
  private var holders: [UInt: [Zone]] = [:]

  static let shared = Guarded(Registry(), class: .registry)

  private init() {}

  mutating func list(_ zone: Zone) {
    all.append(zone)
    numbers.insert(zone.number)
  }

  mutating func unlist(_ zone: Zone) {
    all.removeAll { $0 == zone }
    numbers.remove(zone.number)
  }

  /// Whether a zone, which may have ended, is on the list.
  func lists(_ zone: Zone) -> Bool { numbers.contains(zone.number) }

  /// A slot for `zone`, or nil if all are taken.
  mutating func takeSlot(for zone: Zone) -> Int? {
    if let slot = freeSlots.popLast() {
      slots[slot] = zone
      return slot
    }
    guard slots.count < CacheTable.slotCount else { return nil }
    slots.append(zone)
    return slots.count - 1
  }

  mutating func giveSlot(_ slot: Int) {
    slots[slot] = nil
    freeSlots.append(slot)
  }

  /// The zone that has a slot; it stays until the caller leaves it.
  func visitor(ofSlot slot: Int) -> Zone? {
    guard slot < slots.count, let zone = slots[slot] else { return nil }
    zone.stay()
    return zone
  }

  mutating func setHolders(_ zones: [Zone], of zone: Zone) {
    holders[zone.number] = zones.isEmpty ? nil : zones
  }

  /// The zones on the list whose items hold items of a zone.
  func holders(of zone: Zone) -> [Zone] {
    let numbers = numbers
    return holders[zone.number, default: []].filter { numbers.contains($0.number) }
  }
}
