// SPDX-License-Identifier: BSD-2-Clause
public import Wire

/// One end of a conversation: an address and a port, which is 0 where there are no ports.
///
/// BSD: `struct sockaddr_in`, `struct sockaddr_in6`.
@frozen
public struct Endpoint: Hashable, Sendable, BitwiseCopyable {
  /// The address.
  public var address: IPAddress
  /// The port.
  public var port: UInt16

  /// Names an end of a conversation.
  @inlinable
  public init(_ address: IPAddress, _ port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Names an end of a conversation over IPv4.
  @inlinable
  public init(_ address: IPv4Address, _ port: UInt16) {
    self.init(.v4(address), port)
  }
}

extension Endpoint: CustomStringConvertible {
  /// Address and port as in `192.0.2.1:53` and `[2001:db8::1]:53`.
  public var description: String {
    switch address {
    case .v4(let address): "\(address):\(port)"
    case .v6(let address): "[\(address)]:\(port)"
    }
  }
}
