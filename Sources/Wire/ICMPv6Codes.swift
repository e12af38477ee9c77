// SPDX-License-Identifier: BSD-2-Clause

// The codes of ICMPv6 messages, which mean nothing without the type: one namespace for each.
//
//     header.type == .unreachable && header.code == ICMPv6Type.UnreachableCode.port

extension ICMPv6Type {
  /// Why a packet could not be delivered (RFC 4443 section 3.1).
  public enum UnreachableCode {
    /// No route to the destination.
    @inlinable public static var noRoute: UInt8 { 0 }
    /// A filter refuses the packet.
    @inlinable public static var prohibited: UInt8 { 1 }
    /// The source address means nothing where the destination lies.
    @inlinable public static var beyondScope: UInt8 { 2 }
    /// The destination does not answer on the last link, or for another reason.
    @inlinable public static var address: UInt8 { 3 }
    /// Nobody listens on the port.
    @inlinable public static var port: UInt8 { 4 }
    /// A filter refuses the source address.
    @inlinable public static var policy: UInt8 { 5 }
    /// The route is there to refuse what takes it.
    @inlinable public static var reject: UInt8 { 6 }
  }
}

extension ICMPv6Type {
  /// Whose time ran out (RFC 4443 section 3.3).
  public enum TimeExceededCode {
    /// Hop limit, at a router.
    @inlinable public static var inTransit: UInt8 { 0 }
    /// Time for the other fragments to come.
    @inlinable public static var reassembly: UInt8 { 1 }
  }
}

extension ICMPv6Type {
  /// What is wrong with a field (RFC 4443 section 3.4, RFC 7112).
  public enum ParameterProblemCode {
    /// A field has a value that it may not have.
    @inlinable public static var header: UInt8 { 0 }
    /// The next header is of no known kind.
    @inlinable public static var nextHeader: UInt8 { 1 }
    /// An option is of no known kind, and asks for this error.
    @inlinable public static var option: UInt8 { 2 }
    /// The first fragment does not hold all headers.
    @inlinable public static var incompleteHeaders: UInt8 { 3 }
  }
}
