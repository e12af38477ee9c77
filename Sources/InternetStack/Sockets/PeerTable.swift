// SPDX-License-Identifier: BSD-2-Clause
import Wire

/// What a connected socket is found by: both ends.
///
/// BSD: the hash of `struct inpcbinfo` over all four of a connection.
struct PeerKey: ProbeKey {
  let local: IPv6Address
  let remote: IPv6Address
  /// The local port in front.
  let ports: UInt32

  static var empty: PeerKey { PeerKey(local: .any, remote: .any, ports: 0) }

  @inline(__always)
  private init(local: IPv6Address, remote: IPv6Address, ports: UInt32) {
    self.local = local
    self.remote = remote
    self.ports = ports
  }

  @inline(__always)
  init(local: IPAddress, port: UInt16, remote: IPAddress, port remotePort: UInt16) {
    self.init(
      local: IPv6Address(local), remote: IPv6Address(remote),
      ports: UInt32(port) << 16 | UInt32(remotePort))
  }

  @inline(__always)
  var isEmpty: Bool { ports == 0 }

  /// As for ports alone; the second product keeps the two ends apart.
  @inline(__always)
  var hash: UInt64 {
    let ends = local.high ^ local.low &* 0xd6e8_feb8_6659_fd93 ^ remote.high
    let other = (remote.low << 32 | remote.low >> 32) ^ UInt64(ports)
    return (ends ^ other) &* 0x9e37_79b9_7f4a_7c15
  }
}

/// Which slot of the socket table is connected to whom.
typealias PeerTable = ProbeTable<PeerKey>
