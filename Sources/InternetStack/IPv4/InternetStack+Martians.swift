// SPDX-License-Identifier: BSD-2-Clause
//
// Which addresses a datagram from outside may have: RFC 1122, 3.2.1.3.
//
//     source                            taken
//     ------------------------------    --------------------------------------------------------
//     224.0.0.0/4, 240.0.0.0/4          never: groups, class E and 255.255.255.255 send nothing
//     0.0.0.0/8                         to a broadcast or a group, as who asks for an address does
//     127.0.0.0/8, our own              if the policy accepts local sources or any destination
//     first and last of one of our      if the policy accepts any destination: a capture was made
//     networks                          in networks that the stack does not know
//
//     destination                       taken
//     ------------------------------    --------------------------------------------------------
//     our own, a broadcast              yes; in 127.0.0.0/8 only if local sources are accepted
//     any other                         if the policy accepts any destination
//
// The link header does not tell a loopback interface: tunnels use the same ones. So the policy does.

import Wire

extension InternetStack {
  /// Whether nothing may come from `source`.
  ///
  /// BSD: the `badaddr` checks of `ip_input`, and `net.inet.ip.source_address_validation`.
  @inline(__always)
  func isMartian(_ source: IPv4Address, to destination: IPv4Address) -> Bool {
    // From 1.0.0.0 to 223.255.255.255. Wraps below 1.0.0.0, which is above the range then.
    guard source.bits &- 0x0100_0000 < 0xdf00_0000 else {
      return !mayAskForAddress(source, to: destination)
    }
    if policy.acceptsAnyDestination { return false }
    let acceptsLocal = policy.acceptsLocalSources
    return source.isLoopback
      ? !acceptsLocal : addresses.excludes(source, acceptsOwn: acceptsLocal)
  }

  /// Whether this is a host without an address, which speaks to everybody (RFC 2131, RFC 3376).
  @inline(never)
  private func mayAskForAddress(_ source: IPv4Address, to destination: IPv4Address) -> Bool {
    source.bits >> 24 == 0 && (destination.isMulticast || addresses.isBroadcast(destination))
  }

  /// Whether the stack is meant by `destination`, if it does not take any.
  func isOurs(_ destination: IPv4Address) -> Bool {
    addresses.accept(destination) && (!destination.isLoopback || policy.acceptsLocalSources)
  }
}
