// SPDX-License-Identifier: BSD-2-Clause
//
//     interfaces    [ 0: raw, queue ][ 1: Ethernet, queue, link address ] ...      in the order added
//
// An interface is never taken away, so that its number stays true in routes, addresses and neighbours.

import BasicContainers
import Interfaces
import Mbufs
import Wire

/// An interface at work.
struct InterfaceState: ~Copyable, Sendable {
  let name: String
  let linkType: LinkType
  let mtu: Int
  let hardwareAddress: MACAddress?
  let completesChecksums: Bool
  var output = PacketQueue()
  var statistics = InterfaceStatistics()
  /// When an address was last defended against a host that uses it too.
  var lastDefence: Int64?

  init(_ interface: StackInterface) {
    precondition(
      (68...65_535).contains(interface.mtu), "an MTU of \(interface.mtu) bytes")
    precondition(
      interface.linkType.isRaw || interface.linkType == .ethernet,
      "an interface of link type \(interface.linkType.rawValue)")
    precondition(
      interface.linkType != .ethernet || interface.hardwareAddress != nil,
      "an Ethernet interface without a link address")
    name = interface.name
    linkType = interface.linkType
    mtu = interface.mtu
    hardwareAddress = interface.hardwareAddress
    completesChecksums = interface.capabilities.contains(.completesChecksums)
  }
}

/// The interfaces of a stack, by number.
///
/// BSD: `V_ifnet`.
struct InterfaceTable: ~Copyable, Sendable {
  private var states = UniqueArray<InterfaceState>()

  /// How many there are.
  var count: Int { states.count }

  /// Their numbers.
  var indices: Range<Int> { 0..<states.count }

  subscript(index: Int) -> InterfaceState {
    @inline(__always) _read { yield states[index] }
    @inline(__always) _modify { yield &states[index] }
  }

  /// Adds one, whose number is the count before.
  mutating func append(_ interface: consuming InterfaceState) { states.append(interface) }
}
