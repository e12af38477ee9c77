// SPDX-License-Identifier: BSD-2-Clause
import BasicContainers
import Wire

// Slots of datagrams and of sources: taken, freed, refused, and evicted where there is no room.

extension Reassembler.Source {
  /// Who sends a fragment, holding nothing yet.
  init(_ key: Fragment.Key, _ hashKey: SipHash.Key) {
    bits = key.isIPv6 ? key.source.high : key.source.low
    isIPv6 = key.isIPv6
    var hash = SipHash(key: hashKey)
    hash.absorb(bits)
    hash.absorb(isIPv6 ? 1 : 0)
    self.hash = hash.finish()
  }

  func isSame(_ other: Self) -> Bool { bits == other.bits && isIPv6 == other.isIPv6 }
}

extension Reassembler {
  // MARK: Room

  /// Frees datagrams until one more, with `charge` bytes, may be held; false if that cannot be.
  mutating func makeRoom(_ charge: Int, from sender: Source) -> Bool {
    guard charge <= limits.storageBytesPerSource else { return false }
    while true {
      let index = source(sender)
      if let index, hasFullShare(index, charge) || hasAllDatagrams(index) {
        evict(sources[index].slots.first)
      } else if datagramCount >= limits.datagramCount {
        evict(oldestOfGreediest { $0.datagramCount })
      } else if storageByteCount > limits.storageByteCount - charge {
        evict(oldestOfGreediest { $0.storageByteCount })
      } else {
        return true
      }
    }
  }

  /// Frees datagrams until this one may hold `charge` bytes more; false if it is among them.
  mutating func makeRoom(_ charge: Int, for slot: Int) -> Bool {
    let index = Int(datagrams[slot].source)
    while true {
      let victim: Int32
      if hasFullShare(index, charge) {
        victim = sources[index].slots.first
      } else if storageByteCount > limits.storageByteCount - charge {
        victim = oldestOfGreediest { $0.storageByteCount }
      } else {
        return true
      }
      evict(victim)
      if victim == Int32(slot) { return false }
    }
  }

  private func hasFullShare(_ index: Int, _ charge: Int) -> Bool {
    sources[index].storageByteCount > limits.storageBytesPerSource - charge
  }

  private func hasAllDatagrams(_ index: Int) -> Bool {
    sources[index].datagramCount >= limits.datagramsPerSource
  }

  /// The oldest datagram of the source that holds most; of equal ones, the oldest.
  ///
  /// - Precondition: there is a datagram.
  @inline(never)
  private func oldestOfGreediest(_ holding: (Source) -> Int) -> Int32 {
    var oldest = noSlot
    var most = -1
    for index in sources.indices where sources[index].datagramCount > 0 {
      let held = holding(sources[index])
      let slot = sources[index].slots.first
      if held > most
        || held == most && datagrams[Int(slot)].serial < datagrams[Int(oldest)].serial
      {
        (oldest, most) = (slot, held)
      }
    }
    return oldest
  }

  private mutating func evict(_ slot: Int32) { free(Int(slot), .limit) }

  // MARK: Datagrams

  /// Takes a slot for a datagram that has no pieces yet.
  mutating func allocateSlot(
    _ key: Fragment.Key, _ hash: UInt64, now: Int64, _ serial: UInt64, from sender: Source
  ) -> Int {
    let source = source(sender) ?? addSource(sender)
    let slot: Int32
    if let free = freeDatagrams.popLast() {
      slot = free
      datagrams[Int(slot)].reset(
        key, hash: hash, began: now, serial: serial, source: Int32(source))
    } else {
      slot = Int32(datagrams.count)
      datagrams.append(
        HeldDatagram(key, hash: hash, began: now, serial: serial, source: Int32(source)))
      chains.grow()
      sourceLinks.grow()
      familyLinks.grow()
    }
    datagramCount += 1
    chains.insert(slot, hash)
    sources[source].datagramCount += 1
    sourceLinks.append(slot, to: &sources[source].slots)
    if key.isIPv6 {
      familyLinks.append(slot, to: &ipv6Slots)
    } else {
      familyLinks.append(slot, to: &ipv4Slots)
    }
    return Int(slot)
  }

  /// Frees the fragments of a datagram and its slot, and counts them.
  mutating func free(_ slot: Int, _ reason: FragmentDrop) {
    freed.count(reason, datagrams[slot].pieces.count)
    unlink(slot)
    datagrams[slot].removeAll()
  }

  /// Frees the fragments of a datagram, counts them, and remembers to take no more of them.
  mutating func refuse(_ slot: Int, _ reason: FragmentDrop) {
    freed.count(reason, datagrams[slot].pieces.count)
    uncharge(slot)
    datagrams[slot].refuse(reason)
  }

  private mutating func uncharge(_ slot: Int) {
    let charge = datagrams[slot].storageByteCount
    storageByteCount -= charge
    sources[Int(datagrams[slot].source)].storageByteCount -= charge
    heldFragmentCount -= datagrams[slot].pieces.count
  }

  /// Frees the slot of a datagram, whose pieces the caller takes or frees.
  mutating func unlink(_ slot: Int) {
    uncharge(slot)
    let number = Int32(slot)
    let source = Int(datagrams[slot].source)
    chains.remove(number, datagrams[slot].hash)
    sourceLinks.remove(number, from: &sources[source].slots)
    if datagrams[slot].key.isIPv6 {
      familyLinks.remove(number, from: &ipv6Slots)
    } else {
      familyLinks.remove(number, from: &ipv4Slots)
    }
    freeDatagrams.append(number)
    datagramCount -= 1
    sources[source].datagramCount -= 1
    if sources[source].datagramCount == 0 {
      sourceChains.remove(Int32(source), sources[source].hash)
      freeSources.append(Int32(source))
    }
  }

  // MARK: Sources

  /// The slot of a source, if it has datagrams.
  private func source(_ wanted: Source) -> Int? {
    var slot = sourceChains.first(wanted.hash)
    while slot != noSlot {
      if sources[Int(slot)].isSame(wanted) { return Int(slot) }
      slot = sourceChains.next(slot)
    }
    return nil
  }

  private mutating func addSource(_ source: Source) -> Int {
    let slot: Int32
    if let free = freeSources.popLast() {
      slot = free
      sources[Int(slot)] = source
    } else {
      slot = Int32(sources.count)
      sources.append(source)
      sourceChains.grow()
    }
    sourceChains.insert(slot, source.hash)
    return Int(slot)
  }
}
