// SPDX-License-Identifier: BSD-2-Clause

// The codes of ICMP messages, which mean nothing without the type: one namespace for each.
//
//     header.type == .unreachable && header.code == ICMPType.UnreachableCode.port

extension ICMPType {
  /// Why a datagram could not be delivered (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812).
  public enum UnreachableCode {
    /// No route to the network.
    @inlinable public static var net: UInt8 { 0 }
    /// The host does not answer on the last link.
    @inlinable public static var host: UInt8 { 1 }
    /// The host does not speak the protocol.
    @inlinable public static var `protocol`: UInt8 { 2 }
    /// Nobody listens on the port.
    @inlinable public static var port: UInt8 { 3 }
    /// Longer than the next link takes, and not to be cut up; `nextMTU` says how long.
    @inlinable public static var fragmentationNeeded: UInt8 { 4 }
    /// The next stop of a source route cannot be reached.
    @inlinable public static var sourceRouteFailed: UInt8 { 5 }
    /// There is no such network.
    @inlinable public static var netUnknown: UInt8 { 6 }
    /// There is no such host.
    @inlinable public static var hostUnknown: UInt8 { 7 }
    /// The sender is cut off; no longer used.
    @inlinable public static var sourceIsolated: UInt8 { 8 }
    /// The network may not be reached, says its administrator.
    @inlinable public static var netProhibited: UInt8 { 9 }
    /// The host may not be reached, says its administrator.
    @inlinable public static var hostProhibited: UInt8 { 10 }
    /// No route to the network for this type of service.
    @inlinable public static var netForService: UInt8 { 11 }
    /// No route to the host for this type of service.
    @inlinable public static var hostForService: UInt8 { 12 }
    /// A filter refuses the datagram.
    @inlinable public static var prohibited: UInt8 { 13 }
    /// The precedence is not allowed here.
    @inlinable public static var precedenceViolation: UInt8 { 14 }
    /// The precedence is below the least allowed here.
    @inlinable public static var precedenceCutoff: UInt8 { 15 }
  }
}

extension ICMPType {
  /// Which datagrams another router is nearer for (RFC 792).
  public enum RedirectCode {
    /// Those to the network.
    @inlinable public static var net: UInt8 { 0 }
    /// Those to the host.
    @inlinable public static var host: UInt8 { 1 }
    /// Those to the network, of this type of service.
    @inlinable public static var netForService: UInt8 { 2 }
    /// Those to the host, of this type of service.
    @inlinable public static var hostForService: UInt8 { 3 }
  }
}

extension ICMPType {
  /// Whose time ran out (RFC 792).
  public enum TimeExceededCode {
    /// Time to live, at a router.
    @inlinable public static var inTransit: UInt8 { 0 }
    /// Time for the other fragments to come.
    @inlinable public static var reassembly: UInt8 { 1 }
  }
}

extension ICMPType {
  /// What is wrong with a field (RFC 792, RFC 1122 section 3.2.2.5).
  public enum ParameterProblemCode {
    /// The pointer says which byte.
    @inlinable public static var pointer: UInt8 { 0 }
    /// An option that is demanded is not there.
    @inlinable public static var missingOption: UInt8 { 1 }
    /// A length is wrong.
    @inlinable public static var badLength: UInt8 { 2 }
  }
}
