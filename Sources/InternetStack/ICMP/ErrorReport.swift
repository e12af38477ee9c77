// SPDX-License-Identifier: BSD-2-Clause
//
// What the stack tells the sender of a datagram that went no further:
//
//     report                          ICMP (RFC 792, 1122)      ICMPv6 (RFC 4443)
//     ----------------------------    ----------------------    ---------------------------------
//     unreachable(.port)              3, 3                      1, 4
//     unreachable(.protocol)          3, 2                      4, 1   rest: where it is named
//     unreachable(.sourceRouteFailed) 3, 5                      4, 0   rest: the routing type
//     unreachable(.host)              3, 1                      1, 3
//     reassemblyTimeExceeded          11, 1                     3, 1
//     badField(code, at)              12, 0  rest: where << 24  4, code  rest: where

import Wire

/// What an ICMP error says.
enum ErrorReport: Equatable {
  /// What was not there.
  enum Unreachable: Equatable {
    /// Nobody has the port.
    case port
    /// Nobody speaks the protocol.
    case `protocol`
    /// A source route goes on from here, and this is no router.
    case sourceRouteFailed
    /// The host does not answer on its link.
    case host
  }

  case unreachable(Unreachable)
  /// The datagram did not become whole in time.
  case reassemblyTimeExceeded
  /// A field cannot be; `offset` is from the IP header on, and `code` that of ICMPv6.
  case badField(code: UInt8, offset: Int)

  /// Type, code and rest of an ICMP message.
  var icmp: ICMPHeader.Fields {
    switch self {
    case .unreachable(let what):
      let code: UInt8 =
        switch what {
        case .host: 1
        case .protocol: 2
        case .port: 3
        case .sourceRouteFailed: 5
        }
      return ICMPHeader.Fields(type: .unreachable, code: code, checksum: 0, rest: 0)
    case .reassemblyTimeExceeded:
      return ICMPHeader.Fields(type: .timeExceeded, code: 1, checksum: 0, rest: 0)
    case .badField(_, let offset):
      return ICMPHeader.Fields(
        type: .parameterProblem, code: 0, checksum: 0,
        rest: UInt32(truncatingIfNeeded: min(offset, 255)) << 24)
    }
  }

  /// Type, code and rest of an ICMPv6 message.
  ///
  /// - Parameter frame: the datagram that it is about.
  func icmpv6(about frame: DecodedFrame) -> ICMPv6Header.Fields {
    let headers = frame.transportOffset - frame.networkOffset
    return switch self {
    case .unreachable(.port): Self.v6(.unreachable, 4, 0)
    case .unreachable(.host): Self.v6(.unreachable, 3, 0)
    // The next-header field of a plain header; of one behind extensions, the last of these names it.
    case .unreachable(.protocol):
      Self.v6(.parameterProblem, 1, headers > IPv6Header.byteCount ? IPv6Header.byteCount : 6)
    case .unreachable(.sourceRouteFailed):
      Self.v6(.parameterProblem, 0, IPv6Header.byteCount + 2)
    case .reassemblyTimeExceeded: Self.v6(.timeExceeded, 1, 0)
    case .badField(let code, let offset): Self.v6(.parameterProblem, code, offset)
    }
  }

  private static func v6(_ type: ICMPv6Type, _ code: UInt8, _ rest: Int) -> ICMPv6Header.Fields {
    ICMPv6Header.Fields(
      type: type, code: code, checksum: 0, rest: UInt32(truncatingIfNeeded: rest))
  }
}
