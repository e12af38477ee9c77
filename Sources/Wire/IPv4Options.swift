// SPDX-License-Identifier: BSD-2-Clause
//
// The options of IPv4 that hosts and routers act on (RFC 791 section 3.1, RFC 2113):
//
//     routes       | kind | length | pointer | address, 4 | address, 4 | ...
//                      7 record, 131 loose, 137 strict      pointer 4, 8, ...: the next, from 1
//
//     time stamp   | 68 | length | pointer | overflow, 4 | flags, 4 | entry | entry | ...
//                      pointer 5, 9, ...                    entry: time, or address and time
//
//     alert        | 148 | 4 | value, 16
//
// A pointer counts from 1 at the option's kind. Of a full option it is beyond the length:
//
//     isFull == pointer > length;   not full  implies  the next entry lies whole within the option
//
// The second half of that is what `IPv4OptionFault.check` makes sure of; the views do not believe it.

/// The kinds of IPv4 option that are known by name.
@frozen
public struct IPv4OptionKind: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number on the wire.
  public let rawValue: UInt8

  /// Takes any number.
  @inlinable
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Nothing follows.
  @inlinable public static var end: IPv4OptionKind { IPv4OptionKind(rawValue: 0) }
  /// Nothing, to put the next where it should be.
  @inlinable public static var nothing: IPv4OptionKind { IPv4OptionKind(rawValue: 1) }
  /// Routers write down their addresses.
  @inlinable public static var recordRoute: IPv4OptionKind { IPv4OptionKind(rawValue: 7) }
  /// Routers write down when the datagram passed.
  @inlinable public static var timestamp: IPv4OptionKind { IPv4OptionKind(rawValue: 68) }
  /// How secret the datagram is (RFC 1108).
  @inlinable public static var security: IPv4OptionKind { IPv4OptionKind(rawValue: 130) }
  /// Routers to visit, and others between them.
  @inlinable public static var looseSourceRoute: IPv4OptionKind { IPv4OptionKind(rawValue: 131) }
  /// A stream of SATNET; no longer used (RFC 6814).
  @inlinable public static var stream: IPv4OptionKind { IPv4OptionKind(rawValue: 136) }
  /// Routers to visit, and no others.
  @inlinable public static var strictSourceRoute: IPv4OptionKind { IPv4OptionKind(rawValue: 137) }
  /// Every router is to look at the datagram (RFC 2113).
  @inlinable public static var routerAlert: IPv4OptionKind { IPv4OptionKind(rawValue: 148) }

  /// Whether all fragments have the option, and not only the first.
  @inlinable
  public var isCopied: Bool { rawValue & 0x80 != 0 }

  /// Whether this is one of the two source routes.
  @inlinable
  public var isSourceRoute: Bool { self == .looseSourceRoute || self == .strictSourceRoute }
}

/// A source route or the record of one, read in place.
@frozen
public struct IPv4RouteOption: ~Escapable, BitwiseCopyable {
  // Invariant: bytes.byteCount >= 3.
  let bytes: RawSpan

  /// Finds the route in an option; nil if it is none, or shorter than 3 bytes.
  ///
  /// - Precondition: the option lies within `options`, as one that was stepped to there.
  @_lifetime(copy options)
  public init?(_ option: HeaderOption, of options: RawSpan) {
    let kind = IPv4OptionKind(rawValue: option.kind)
    guard kind == .recordRoute || kind.isSourceRoute, option.byteCount >= 3 else { return nil }
    bytes = options.extracting(option.offset..<option.offset + option.byteCount)
  }

  /// Which of the three.
  public var kind: IPv4OptionKind {
    IPv4OptionKind(rawValue: FixedBytes<3>(bytes, at: 0).uint8(at: 0))
  }

  /// Where the next address is, from 1 at the kind: 4, 8 and so on.
  public var pointer: Int { Int(FixedBytes<3>(bytes, at: 0).uint8(at: 2)) }

  /// How many addresses there is room for.
  public var addressCount: Int { (bytes.byteCount - 3) / 4 }

  /// The address `index`, whether it was visited or not.
  ///
  /// - Precondition: 0..<`addressCount`.
  public func address(_ index: Int) -> IPv4Address {
    precondition(0..<addressCount ~= index, "address \(index) of \(addressCount)")
    return IPv4Address(bytes, at: 3 + 4 * index)
  }

  /// Whether a source route has been gone to its end, or a record has no room.
  public var isFull: Bool { pointer > bytes.byteCount }

  /// How many addresses the pointer has passed: those of routers visited.
  public var passedCount: Int { min(max(0, (pointer - 4) / 4), addressCount) }

  /// The router to visit next; nil in a record, at the end, and if the pointer makes no sense.
  public var nextStop: IPv4Address? {
    guard kind.isSourceRoute, pointer >= 4, pointer + 3 <= bytes.byteCount else { return nil }
    return IPv4Address(bytes, at: pointer - 1)
  }
}

/// A time stamp option, read in place.
@frozen
public struct IPv4TimestampOption: ~Escapable, BitwiseCopyable {
  /// What an entry holds.
  @frozen
  public struct Form: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire: 0...15.
    public let rawValue: UInt8

    /// Takes any number.
    @inlinable
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The time alone.
    @inlinable public static var time: Form { Form(rawValue: 0) }
    /// The address of who wrote it, and the time.
    @inlinable public static var addressAndTime: Form { Form(rawValue: 1) }
    /// The address of who is to write the time, given by the sender.
    @inlinable public static var givenAddress: Form { Form(rawValue: 3) }

    /// Bytes of an entry; nil of a form that is not known.
    @inlinable
    public var entryByteCount: Int? {
      switch self {
      case .time: 4
      case .addressAndTime, .givenAddress: 8
      default: nil
      }
    }
  }

  // Invariant: bytes.byteCount >= 4.
  let bytes: RawSpan

  /// Finds the time stamps in an option; nil if it has none, or is shorter than 4 bytes.
  ///
  /// - Precondition: the option lies within `options`, as one that was stepped to there.
  @_lifetime(copy options)
  public init?(_ option: HeaderOption, of options: RawSpan) {
    guard option.kind == IPv4OptionKind.timestamp.rawValue, option.byteCount >= 4 else {
      return nil
    }
    bytes = options.extracting(option.offset..<option.offset + option.byteCount)
  }

  /// Where the next entry is, from 1 at the kind: 5 and on.
  public var pointer: Int { Int(FixedBytes<4>(bytes, at: 0).uint8(at: 2)) }

  /// How many hosts had no room to write.
  public var overflow: Int { Int(FixedBytes<4>(bytes, at: 0).uint8(at: 3) >> 4) }

  /// What an entry holds.
  public var form: Form { Form(rawValue: FixedBytes<4>(bytes, at: 0).uint8(at: 3) & 0xf) }

  /// Whether there is no room for another entry.
  public var isFull: Bool { pointer > bytes.byteCount }

  /// How many entries there is room for; 0 if their form is not known.
  public var entryCount: Int { form.entryByteCount.map { (bytes.byteCount - 4) / $0 } ?? 0 }

  /// The time of the entry `index`, written or not: milliseconds since midnight UT, or another time
  /// with the top bit set.
  ///
  /// - Precondition: 0..<`entryCount`.
  public func time(_ index: Int) -> UInt32 {
    precondition(0..<entryCount ~= index, "entry \(index) of \(entryCount)")
    let width = form.entryByteCount ?? 4
    return FixedBytes<4>(bytes, at: 4 + width * index + width - 4).uint32(at: 0)
  }

  /// The address of the entry `index`; nil if entries have none.
  ///
  /// - Precondition: 0..<`entryCount`.
  public func address(_ index: Int) -> IPv4Address? {
    precondition(0..<entryCount ~= index, "entry \(index) of \(entryCount)")
    return form.entryByteCount == 8 ? IPv4Address(bytes, at: 4 + 8 * index) : nil
  }
}

extension HeaderOption {
  /// What a router alert asks for, 0 to look at the datagram; nil if this is none.
  ///
  /// - Precondition: the option lies within `options`, as one that was stepped to there.
  public func routerAlert(of options: RawSpan) -> UInt16? {
    guard kind == IPv4OptionKind.routerAlert.rawValue, byteCount == 4 else { return nil }
    return FixedBytes<4>(options, at: offset).uint16(at: 2)
  }
}
