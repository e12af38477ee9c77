// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Testing
import Wire

@testable import InternetStack

let second: Int64 = 1_000_000_000

/// A neighbour by number, of either family.
func neighbour(_ number: Int) -> IPv6Address {
  number % 2 == 0
    ? IPv6Address(mapping: IPv4Address(0x0a00_0000 + UInt32(number)))
    : IPv6Address(high: 0xfe80 << 48, low: UInt64(number))
}

func station(_ number: Int) -> MACAddress { MACAddress(0x0200_0000_0000 + UInt64(number)) }

/// Packets that hold their own number.
struct NumberedPackets {
  let pool: MbufPool

  func callAsFunction(_ number: Int) throws(MbufError) -> Packet {
    try packet(pool, words(UInt32(number)))
  }
}

/// The numbers of the packets in a queue, which is then gone.
func numbers(_ queue: consuming PacketQueue) -> [Int] {
  var found: [Int] = []
  queue.forEach { packet in
    found.append(bytes(of: packet).reduce(0) { $0 << 8 | Int($1) })
  }
  return found
}

/// An action that can be compared.
struct ActionSeen: Hashable, Comparable, CustomStringConvertible {
  var address: IPv6Address
  var interface: UInt32
  var link: MACAddress?
  var failed: [Int]?

  var description: String {
    "\(address)%\(interface) \(link?.description ?? "all") \(failed ?? [])"
  }

  static func < (left: Self, right: Self) -> Bool {
    (left.address.high, left.address.low, left.interface)
      < (right.address.high, right.address.low, right.interface)
  }
}

/// All that is due, in order.
func actions(_ cache: inout NeighbourCache, now: Int64) -> [ActionSeen] {
  var seen: [ActionSeen] = []
  while let action = cache.nextAction(now: now) {
    switch consume action {
    case .solicit(let address, let interface, let link):
      seen.append(ActionSeen(address: address, interface: interface, link: link))
    case .failed(let address, let interface, let packets):
      seen.append(
        ActionSeen(address: address, interface: interface, failed: numbers(packets)))
    }
  }
  cache.checkInvariants()
  return seen
}

func asked(_ number: Int, of link: MACAddress? = nil, on interface: UInt32 = 0) -> ActionSeen {
  ActionSeen(address: neighbour(number), interface: interface, link: link)
}

func gone(_ number: Int, _ packets: [Int] = [], on interface: UInt32 = 0) -> ActionSeen {
  ActionSeen(address: neighbour(number), interface: interface, failed: packets)
}
