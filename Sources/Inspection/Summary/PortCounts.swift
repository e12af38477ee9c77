// SPDX-License-Identifier: BSD-2-Clause
//
// Packets by port: there are no more than 65,536 for UDP and as many for TCP, so each has a counter, and
// every count is exact in a fixed 2 MiB.
//
//     counters   [ udp 0 ] ... [ udp 65,535 ][ tcp 0 ] ... [ tcp 65,535 ]

import BasicContainers
public import Wire

/// A port of UDP or TCP and what went to and from it.
public struct PortUse: Equatable, Sendable {
  /// UDP or TCP.
  public let transport: DecodedFrame.Transport
  /// The port.
  public let port: UInt16
  /// Packets with it as source or destination, or as both.
  public let packets: Int
  /// Bytes on the wire of those packets.
  public let bytes: Int
}

/// Packets and bytes of every port.
public struct PortCounts: ~Copyable {
  struct Counter: BitwiseCopyable {
    var packets = 0
    var bytes = 0
  }

  private var counters = UniqueArray<Counter>(repeating: Counter(), count: 2 * 65_536)

  init() {}

  /// The ports with the most packets, most first; of equals UDP and the lower port come first.
  ///
  /// - Complexity: O(ports there are).
  public func top(_ limit: Int) -> [PortUse] {
    guard limit > 0 else { return [] }
    var used: [PortUse] = []
    for index in counters.indices where counters[index].packets > 0 {
      used.append(
        PortUse(
          transport: index < 65_536 ? .udp : .tcp, port: UInt16(truncatingIfNeeded: index),
          packets: counters[index].packets, bytes: counters[index].bytes))
    }
    // A sort that keeps the order of equals.
    used.sort { $0.packets > $1.packets }
    return Array(used.prefix(limit))
  }

  /// Ports with packets.
  ///
  /// - Complexity: O(ports there are).
  public var usedCount: Int {
    counters.indices.reduce(0) { $0 + (counters[$1].packets > 0 ? 1 : 0) }
  }

  /// Counts a packet by its ports; equal ones once.
  @inline(__always)
  mutating func note(_ frame: borrowing DecodedFrame, byteCount: Int) {
    let start: Int
    switch frame.transport {
    case .udp: start = 0
    case .tcp: start = 65_536
    case .none, .icmp, .icmpv6, .other: return
    }
    guard frame.hasTransportHeader else { return }
    add(frame.sourcePort, frame.destinationPort, from: start, byteCount)
  }

  /// The same of a datagram of UDP that was not taken apart.
  @inline(__always)
  mutating func note(udp header: borrowing UDPHeader, byteCount: Int) {
    add(header.sourcePort, header.destinationPort, from: 0, byteCount)
  }

  @inline(__always)
  private mutating func add(
    _ source: UInt16, _ destination: UInt16, from start: Int, _ byteCount: Int
  ) {
    add(start &+ Int(source), byteCount)
    if source != destination { add(start &+ Int(destination), byteCount) }
  }

  @inline(__always)
  private mutating func add(_ index: Int, _ byteCount: Int) {
    // Counters of 64 bits cannot wrap in the lifetime of a machine.
    counters[index].packets &+= 1
    counters[index].bytes &+= byteCount
  }
}
