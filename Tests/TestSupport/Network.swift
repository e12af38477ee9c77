// SPDX-License-Identifier: BSD-2-Clause
import CConfine

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
public enum Network {
  /// Runs `body` in a new network; prints why not where that is not allowed.
  public static func with(
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
  public static func run(_ command: String) -> Bool {
    unsafe mbuma_run("exec 2>/dev/null; \(command)")
  }
}
