// SPDX-License-Identifier: BSD-2-Clause
import BasicContainers
import Wire

/// The way that datagrams take which a prefix tells of.
///
/// BSD: `struct nhop_object`.
struct Route: Hashable, Sendable, BitwiseCopyable {
  /// The router that they go to, or nil if whom they are for is on the link.
  var gateway: IPAddress?
  /// Out of which interface.
  var interface: UInt16
  /// The address to send from, if it is not left to the interface.
  var source: IPAddress?
  /// The longest datagram in bytes, if it is less than that of the interface.
  var mtu: Int?

  init(
    gateway: IPAddress? = nil, interface: UInt16, source: IPAddress? = nil, mtu: Int? = nil
  ) {
    self.gateway = gateway
    self.interface = interface
    self.source = source
    self.mtu = mtu
  }
}

/// The ways that there are, each once, however many prefixes share it.
///
///     value   0: no way     n: ways[n - 1]
///
/// Tables hold values, which are small, and the few ways of many prefixes stay in the fastest memory.
struct RouteWays: ~Copyable, Sendable {
  private var ways = UniqueArray<Route>()
  /// Prefixes that have each.
  private var uses = UniqueArray<Int>()
  private var values: [Route: UInt32] = [:]
  private var free = UniqueArray<UInt32>()

  /// Ways that some prefix has.
  var count: Int { values.count }

  /// Bytes of the arrays.
  var byteCount: Int {
    ways.capacity * MemoryLayout<Route>.stride + uses.capacity * 8 + free.capacity * 4
  }

  /// The way of a value that is not 0.
  @inline(__always)
  subscript(value: UInt32) -> Route { ways[Int(value) - 1] }

  /// The value of a way, which one more prefix has.
  mutating func retain(_ way: Route) -> UInt32 {
    if let value = values[way] {
      uses[Int(value) - 1] += 1
      return value
    }
    let value: UInt32
    if free.isEmpty {
      ways.append(way)
      uses.append(1)
      value = UInt32(ways.count)
    } else {
      value = free.removeLast()
      ways[Int(value) - 1] = way
      uses[Int(value) - 1] = 1
    }
    values[way] = value
    return value
  }

  /// One prefix fewer has the way.
  mutating func release(_ value: UInt32) {
    let index = Int(value) - 1
    uses[index] -= 1
    guard uses[index] == 0 else { return }
    values[ways[index]] = nil
    free.append(value)
  }

  /// Traps if a way is not found by its value, or is used by another number of prefixes.
  func checkInvariants(prefixCount: Int) {
    var used = 0
    for index in uses.indices where uses[index] > 0 {
      used += uses[index]
      let value = values[ways[index]]
      precondition(value == UInt32(index + 1), "way \(index + 1) has the value \(value ?? 0)")
    }
    precondition(used == prefixCount, "ways have \(used) uses, for \(prefixCount) prefixes")
    precondition(values.count + free.count == ways.count, "\(ways.count) ways, \(free.count) free")
  }
}
