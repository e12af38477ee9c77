// SPDX-License-Identifier: BSD-2-Clause
//
// The arrays that recvmmsg(2) and sendmmsg(2) read, allocated once:
//
//     message i   -> vectors i*64 ..< i*64+count,  address i of its family
//     vector      -> bytes of a packet, which its owner keeps alive during the call
//     spill i     64 KiB for what a received datagram's cluster cannot hold
//
// Used by one socket on one thread; described slots are valid until the next call.

import CLinux
import Interfaces
import Mbufs
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@safe
struct MessageBatch: ~Copyable {
  static var vectorsPerSlot: Int { 64 }
  private static var spillByteCount: Int { 65_536 }

  /// Messages that one call moves at most.
  let slotCount: Int
  let messages: UnsafeMutablePointer<mbuma_message>
  /// Messages that the next call may bring, 2 or more: for one alone the first call is then the last.
  private(set) var expectedCount: Int
  private let vectors: UnsafeMutablePointer<iovec>
  private let addresses: UnsafeMutablePointer<sockaddr_in>
  private let addresses6: UnsafeMutablePointer<sockaddr_in6>
  private let spills: UnsafeMutableRawPointer

  init(slotCount: Int) {
    self.slotCount = slotCount
    expectedCount = Swift.min(2, slotCount)
    unsafe messages = .allocate(capacity: slotCount)
    unsafe vectors = .allocate(capacity: slotCount * Self.vectorsPerSlot)
    unsafe addresses = .allocate(capacity: slotCount)
    unsafe addresses6 = .allocate(capacity: slotCount)
    unsafe spills = .allocate(byteCount: slotCount * Self.spillByteCount, alignment: 4_096)
    unsafe messages.initialize(repeating: mbuma_message(), count: slotCount)
    unsafe vectors.initialize(repeating: iovec(), count: slotCount * Self.vectorsPerSlot)
    unsafe addresses.initialize(repeating: sockaddr_in(), count: slotCount)
    unsafe addresses6.initialize(repeating: sockaddr_in6(), count: slotCount)
  }

  deinit {
    unsafe messages.deallocate()
    unsafe vectors.deallocate()
    unsafe addresses.deallocate()
    unsafe addresses6.deallocate()
    unsafe spills.deallocate()
  }

  /// Learns from a call that brought `count` messages where there was room for so many.
  mutating func expect(after count: Int, of room: Int) {
    let next = count == room ? 2 * expectedCount : Swift.max(count + 1, expectedCount / 2)
    expectedCount = Swift.min(Swift.max(next, 2), slotCount)
  }

  private func set(_ slot: Int, _ index: Int, _ base: UnsafeMutableRawPointer?, _ count: Int) {
    // In bounds: callers give an index below vectorsPerSlot and a slot below the slot count.
    unsafe vectors[slot * Self.vectorsPerSlot + index] = iovec(iov_base: base, iov_len: count)
  }

  private func finish(_ slot: Int, vectorCount: Int) {
    unsafe messages[slot].header.msg_iov = vectors + slot * Self.vectorsPerSlot
    unsafe messages[slot].header.msg_iovlen = .init(vectorCount)
    unsafe messages[slot].header.msg_name = nil
    unsafe messages[slot].header.msg_namelen = 0
  }

  /// Has a slot received into `tail` and, beyond it, into the slot's spill.
  func describe(_ slot: Int, receivingInto tail: UnsafeMutableRawBufferPointer) {
    unsafe set(slot, 0, tail.baseAddress, tail.count)
    unsafe set(slot, 1, spills + slot * Self.spillByteCount, Self.spillByteCount)
    finish(slot, vectorCount: 2)
  }

  /// How many received bytes of a slot are in place, and how many in its spill.
  func received(_ slot: Int) -> (inPlace: Int, spilled: Int) {
    let byteCount = unsafe Int(messages[slot].byte_count)
    let inPlace = unsafe Swift.min(byteCount, Int(vectors[slot * Self.vectorsPerSlot].iov_len))
    return (inPlace, byteCount - inPlace)
  }

  /// The first `byteCount` bytes of a slot's spill.
  @_lifetime(borrow self)
  func spill(_ slot: Int, _ byteCount: Int) -> RawSpan {
    // In bounds: the kernel wrote at most spillByteCount bytes there.
    let span = unsafe RawSpan(
      _unsafeStart: spills + slot * Self.spillByteCount, byteCount: byteCount)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Has a device read one packet into a slot: its bytes, or -1 and `errno`.
  func read(_ slot: Int, from device: Int32) -> Int {
    let header = unsafe messages[slot].header
    return unsafe readv(device, header.msg_iov, Int32(header.msg_iovlen))
  }

  /// Has a device write the packet that a slot describes: its bytes, or -1 and `errno`.
  func write(_ slot: Int, to device: Int32) -> Int {
    let header = unsafe messages[slot].header
    // The common case, which the kernel takes without copying a vector first.
    if let only = unsafe header.msg_iov, unsafe header.msg_iovlen == 1 {
      return unsafe writePiece(device, only.pointee)
    }
    return unsafe writev(device, header.msg_iov, Int32(header.msg_iovlen))
  }

  /// Has a slot send a packet to the destination in its IPv4 header.
  ///
  /// - Returns: false if it has none, or more segments than a message takes.
  func describe(_ slot: Int, sendingToItsDestination packet: borrowing Packet) -> Bool {
    guard let header = try? IPv4Header(packet.bytes), header.version == 4,
      describe(slot, sending: packet)
    else { return false }
    var to = sockaddr_in()
    to.sin_family = sa_family_t(AF_INET)
    to.sin_addr.s_addr = header.destination.bits.bigEndian
    unsafe addresses[slot] = to
    unsafe messages[slot].header.msg_name = UnsafeMutableRawPointer(addresses + slot)
    unsafe messages[slot].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
    return true
  }

  /// Has a slot send a packet to the destination in its IPv6 header.
  ///
  /// - Returns: false if it has none, or more segments than a message takes.
  func describe(_ slot: Int, sendingToItsIPv6Destination packet: borrowing Packet) -> Bool {
    guard let header = try? IPv6Header(packet.bytes), header.version == 6,
      describe(slot, sending: packet)
    else { return false }
    var to = sockaddr_in6()
    to.sin6_family = sa_family_t(AF_INET6)
    let (high, low) = (header.destination.high.bigEndian, header.destination.low.bigEndian)
    unsafe withUnsafeMutableBytes(of: &to.sin6_addr) { bytes in
      // In bounds: an address has 16 bytes.
      unsafe bytes.storeBytes(of: high, as: UInt64.self)
      unsafe bytes.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
    }
    unsafe addresses6[slot] = to
    unsafe messages[slot].header.msg_name = UnsafeMutableRawPointer(addresses6 + slot)
    unsafe messages[slot].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
    return true
  }

  /// Has a slot send all bytes of a packet to where its socket is bound.
  ///
  /// - Returns: false if it has more segments than a message takes.
  @inline(__always)
  func describe(_ slot: Int, sending packet: borrowing Packet) -> Bool {
    var index = 0
    var fits = true
    packet.forEachSegment { piece in
      guard index < Self.vectorsPerSlot else {
        fits = false
        return
      }
      // The packet outlives the call that reads the vector.
      unsafe piece.withUnsafeBytes {
        unsafe set(slot, index, UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
        // The kernel copies them at once, packet by packet, and would wait for each.
        unsafe mbuma_prefetch($0.baseAddress)
      }
      index += 1
    }
    guard fits else { return false }
    finish(slot, vectorCount: index)
    return true
  }
}

/// write(2), by a name that methods called `write` do not hide.
private func writePiece(_ device: Int32, _ piece: iovec) -> Int {
  unsafe write(device, piece.iov_base, piece.iov_len)
}
