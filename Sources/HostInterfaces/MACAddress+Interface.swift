// SPDX-License-Identifier: BSD-2-Clause
import CLinux
public import Interfaces
public import Wire

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

#if os(Linux)
  extension MACAddress {
    /// The link address of an Ethernet interface of this host.
    ///
    /// - Throws: `InterfaceError` of kind `.system` if there is no such interface, or it is no Ethernet.
    ///
    /// Linux: `SIOCGIFHWADDR` of netdevice(7).
    public init(ofInterface name: String) throws(InterfaceError) {
      let bits = unsafe mbuma_interface_hardware_address(name)
      guard bits >= 0 else {
        throw InterfaceError(SystemError("find the link address of \(name)"))
      }
      self.init(UInt64(bits))
    }
  }
#endif

extension IPv4Address {
  /// Whether the kernel of this host answers for the address as well.
  ///
  /// A stack on such an address would answer twice, and be answered by "port unreachable".
  public var isOfThisHost: Bool {
    let socket = mbuma_hold_udp_port(bits, 0)
    guard socket >= 0 else { return false }
    close(socket)
    return true
  }
}
