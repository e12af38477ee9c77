// SPDX-License-Identifier: BSD-2-Clause

// What the four bytes behind an ICMP checksum say, which only the type can tell.
//
//     echo, timestamp            |  identifier, 16     |  sequence number, 16   |
//     fragmentation needed       |  0                  |  MTU of the next link  |    RFC 1191
//     parameter problem          | pointer, 8 |  0                              |
//     redirect                   |  address of the router that is nearer        |
//     ICMPv6: packet too big     |  MTU of the next link, 32                    |
//     ICMPv6: parameter problem  |  pointer, 32                                 |

extension ICMPMessageHeader {
  /// Which asker an echo belongs to.
  @inlinable
  public var identifier: UInt16 { UInt16(truncatingIfNeeded: rest >> 16) }

  /// Which of the asker's echoes.
  @inlinable
  public var sequenceNumber: UInt16 { UInt16(truncatingIfNeeded: rest) }
}

extension ICMPMessageHeader where MessageType == ICMPType {
  /// Bytes that the next link takes, where fragmentation was needed.
  ///
  /// 0 if the router does not say (RFC 1191 section 5).
  @inlinable
  public var nextMTU: UInt16 { UInt16(truncatingIfNeeded: rest) }

  /// The byte of the quoted datagram that a parameter problem is about.
  @inlinable
  public var parameterPointer: UInt8 { UInt8(truncatingIfNeeded: rest >> 24) }

  /// The router that a redirect says is nearer.
  @inlinable
  public var gateway: IPv4Address { IPv4Address(rest) }
}

extension ICMPMessageHeader where MessageType == ICMPv6Type {
  /// Bytes that the next link takes, where a packet was too big.
  @inlinable
  public var nextMTU: UInt32 { rest }

  /// The byte of the quoted packet that a parameter problem is about; it may lie behind the quote.
  @inlinable
  public var parameterPointer: UInt32 { rest }
}

extension ICMPMessageHeader.Fields where MessageType == ICMPType {
  /// Says that a datagram is longer than the next link takes; the checksum is 0 for now.
  @inlinable
  public static func fragmentationNeeded(nextMTU: UInt16) -> Self {
    Self(
      type: .unreachable, code: ICMPType.UnreachableCode.fragmentationNeeded, checksum: 0,
      rest: UInt32(nextMTU))
  }

  /// Says which byte of a datagram is wrong; the checksum is 0 for now.
  @inlinable
  public static func parameterProblem(pointer: UInt8) -> Self {
    Self(
      type: .parameterProblem, code: ICMPType.ParameterProblemCode.pointer, checksum: 0,
      rest: UInt32(pointer) << 24)
  }
}

extension ICMPMessageHeader.Fields where MessageType == ICMPv6Type {
  /// Says that a packet is longer than the next link takes; the checksum is 0 for now.
  @inlinable
  public static func packetTooBig(nextMTU: UInt32) -> Self {
    Self(type: .packetTooBig, code: 0, checksum: 0, rest: nextMTU)
  }

  /// Says which byte of a packet is wrong, and how; the checksum is 0 for now.
  @inlinable
  public static func parameterProblem(code: UInt8, pointer: UInt32) -> Self {
    Self(type: .parameterProblem, code: code, checksum: 0, rest: pointer)
  }
}
