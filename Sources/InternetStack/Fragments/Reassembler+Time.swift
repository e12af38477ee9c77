// SPDX-License-Identifier: BSD-2-Clause
import BasicContainers
import Mbufs

extension Reassembler {
  /// When `expire(now:)` has something to do, at the latest; nil if nothing waits.
  var nextDeadline: Int64? {
    let ipv4 = deadline(ipv4Slots.first, Self.ipv4Timeout)
    let ipv6 = deadline(ipv6Slots.first, Self.ipv6Timeout)
    guard let ipv4, let ipv6 else { return ipv4 ?? ipv6 }
    return min(ipv4, ipv6)
  }

  private func deadline(_ slot: Int32, _ timeout: UInt64) -> Int64? {
    if slot == noSlot { return nil }
    let (sum, isOver) = datagrams[Int(slot)].began.addingReportingOverflow(Int64(timeout))
    return isOver ? .max : sum
  }

  /// Frees the datagrams whose time is over, up to one whose sender is to be told, and returns the
  /// first fragment of that.
  ///
  ///     while let first = reassembler.expire(now: now) { sendTimeExceeded(about: first) }
  ///
  /// Nobody is told of a datagram whose first fragment did not come (RFC 792, 4443), nor of one that
  /// was refused.
  ///
  /// - Returns: a packet from its IP header on, as it came; nil if no datagram is left whose time is
  ///   over. It is counted as freed with the others.
  /// - Complexity: O(datagrams freed).
  mutating func expire(now: Int64) -> Packet? {
    while let slot = overdue(ipv4Slots.first, now, Self.ipv4Timeout)
      ?? overdue(ipv6Slots.first, now, Self.ipv6Timeout)
    {
      freed.count(.timedOut, datagrams[slot].pieces.count)
      unlink(slot)
      if let first = datagrams[slot].removeAllButFirst() { return first }
    }
    return nil
  }

  private func overdue(_ slot: Int32, _ now: Int64, _ timeout: UInt64) -> Int? {
    guard slot != noSlot else { return nil }
    let began = datagrams[Int(slot)].began
    // Cannot truncate: the distance of two numbers of 64 bits fits 64 bits without a sign.
    let distance = UInt64(bitPattern: now > began ? now &- began : began &- now)
    return distance >= timeout ? Int(slot) : nil
  }
}

extension Reassembler {
  /// Traps if a count, a list or a datagram contradicts another.
  func checkInvariants() {
    precondition(
      datagramCount <= limits.datagramCount && storageByteCount <= limits.storageByteCount,
      "\(datagramCount) datagrams, \(storageByteCount) bytes of \(limits)")
    precondition(
      datagramCount + freeDatagrams.count == datagrams.count,
      "\(datagramCount) and \(freeDatagrams.count) free of \(datagrams.count)")
    let listed = familyLinks.checkedCount(ipv4Slots) + familyLinks.checkedCount(ipv6Slots)
    precondition(listed == datagramCount, "\(listed) datagrams by age, \(datagramCount) counted")
    checkSlots(ipv4Slots, isIPv6: false)
    checkSlots(ipv6Slots, isIPv6: true)
    checkSources()
  }

  private func checkSlots(_ list: SlotList, isIPv6: Bool) {
    var slot = list.first
    var serial: UInt64 = 0
    while slot != noSlot {
      let index = Int(slot)
      precondition(datagrams[index].key.isIPv6 == isIPv6, "slot \(slot) is in the other family")
      precondition(datagrams[index].serial > serial, "slot \(slot) is not in its order")
      precondition(
        datagrams[index].pieces.count <= limits.fragmentsPerDatagram
          && (datagrams[index].pieces.isEmpty == (datagrams[index].refusal != nil)),
        "\(datagrams[index].pieces.count) fragments in slot \(slot)")
      datagrams[index].checkInvariants()
      serial = datagrams[index].serial
      var found = chains.first(datagrams[index].hash)
      while found != slot, found != noSlot { found = chains.next(found) }
      precondition(found == slot, "slot \(slot) is not in the chain of its hash")
      slot = familyLinks.next(slot)
    }
  }

  private func checkSources() {
    var sums = (datagrams: 0, storage: 0, pieces: 0, live: 0)
    for index in sources.indices where sources[index].datagramCount > 0 {
      let source = sources[index]
      precondition(
        source.datagramCount <= limits.datagramsPerSource
          && source.storageByteCount <= limits.storageBytesPerSource, "\(source) of \(limits)")
      precondition(
        sourceLinks.checkedCount(source.slots) == source.datagramCount,
        "\(source.datagramCount) datagrams of a source are counted")
      var storage = 0
      var slot = source.slots.first
      while slot != noSlot {
        precondition(
          Int(datagrams[Int(slot)].source) == index, "slot \(slot) is of another source")
        storage += datagrams[Int(slot)].storageByteCount
        sums.pieces += datagrams[Int(slot)].pieces.count
        slot = sourceLinks.next(slot)
      }
      precondition(
        storage == source.storageByteCount, "\(storage) of \(source.storageByteCount) bytes")
      sums.datagrams += source.datagramCount
      sums.storage += storage
      sums.live += 1
    }
    precondition(
      sums.datagrams == datagramCount && sums.storage == storageByteCount
        && sums.pieces == heldFragmentCount && sums.live + freeSources.count == sources.count,
      "\(sums) of \(datagramCount), \(storageByteCount), \(heldFragmentCount), \(sources.count)")
  }
}
