// SPDX-License-Identifier: BSD-2-Clause
import CLinux
public import Interfaces
public import Wire

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

extension IPAddress {
  /// Whether an interface of this host has the address, so that the kernel answers for it as well.
  ///
  /// A stack on such an address would answer twice, and be answered by "port unreachable".
  ///
  /// Linux, BSD: getifaddrs(3).
  public var isOfThisHost: Bool {
    var bytes = [UInt8](repeating: 0, count: 16)
    let isIPv6: Bool
    switch self {
    case .v4(let address):
      isIPv6 = false
      for index in 0..<4 {
        bytes[index] = UInt8(truncatingIfNeeded: address.bits >> UInt32(24 - 8 * index))
      }
    case .v6(let address):
      isIPv6 = true
      for index in 0..<16 {
        let half = index < 8 ? address.high : address.low
        bytes[index] = UInt8(truncatingIfNeeded: half >> UInt64(56 - index % 8 * 8))
      }
    }
    return unsafe mbuma_has_address(isIPv6, bytes)
  }
}
