// SPDX-License-Identifier: BSD-2-Clause
import CConfine
import Mbufs
import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A network of one test's own: two Ethernet interfaces joined by a cable, `va0` and `vb0`.
///
/// The calling thread alone is in it, so `body` does not suspend; it is gone with its last socket.
enum Network {
  /// Runs `body` in a new network; prints why not where that is not allowed.
  static func with(
    mtu: Int = 1_500, needing path: String = "/", function: String = #function,
    _ body: () throws -> Void
  ) rethrows {
    guard unsafe access(path, F_OK) == 0 else {
      return print("skipped \(function): there is no \(path)")
    }
    let former = mbuma_enter_own_network()
    guard former >= 0 else {
      return print("skipped \(function): no network namespace, error \(errno)")
    }
    defer { mbuma_leave_network(former) }
    guard run("ip link add va0 type veth peer name vb0") else {
      return print("skipped \(function): ip(8) is missing, or makes no veth here")
    }
    // No frames but the test's.
    run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    for name in ["va0", "vb0"] {
      run("ip link set \(name) mtu \(mtu) up multicast off arp off")
    }
    try body()
  }

  /// Has the shell run a command in the calling thread's network; whether it succeeded.
  @discardableResult
  static func run(_ command: String) -> Bool {
    unsafe mbuma_run("exec 2>/dev/null; \(command)")
  }
}

/// An Ethernet frame with a numbered payload: `byteCount` bytes in all, at least 18.
func frame(_ number: Int, byteCount: Int = 60, type: [UInt8] = [0x88, 0xb5]) -> [UInt8] {
  var bytes: [UInt8] = [2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa] + type
  bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  while bytes.count < byteCount { bytes.append(UInt8(truncatingIfNeeded: bytes.count &* 7)) }
  return bytes
}

/// A packet with the bytes, as a sender of Ethernet frames has it.
func framed(_ bytes: some Sequence<UInt8>, _ pool: MbufPool) throws -> Packet {
  let bytes = Array(bytes)
  var packet = unsafe try pool.packet(copying: bytes.span.bytes)
  packet.header.linkType = LinkType.ethernet.rawValue
  return packet
}

/// Frames in a queue, to be sent.
func queue(_ frames: [[UInt8]], _ pool: MbufPool) throws -> PacketQueue {
  var queue = PacketQueue()
  for bytes in frames { queue.enqueue(try framed(bytes, pool)) }
  return queue
}
