// SPDX-License-Identifier: BSD-2-Clause
//
// What makes an option of IPv4 unfit to act on, and the byte of the header to say so about in a
// parameter problem (RFC 792; RFC 1122 section 3.2.1.8):
//
//     | kind | length | pointer | overflow, flags | ...
//     ^ twice, or no length byte there
//            ^ length: below the least of its kind, or beyond the options
//                     ^ pointer: below the least, or an entry that is half there
//                               ^ flags unknown, or the overflow count has run over
//
// Options that pass can be acted on without looking at a length again.

/// Why the options of a datagram cannot be acted on, and where.
@frozen
public struct IPv4OptionFault: Error, Hashable, Sendable, BitwiseCopyable {
  /// What is wrong with an option.
  @frozen
  public enum Reason: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
    /// A length that lies.
    case length
    /// A pointer that points at no entry.
    case pointer
    /// A form of time stamp that nobody knows.
    case form
    /// The 16th host without room for a time stamp.
    case overflow
    /// The second option of a kind that may be there once.
    case repeated
  }

  /// What is wrong.
  public let reason: Reason
  /// The byte of the header that is wrong, for a parameter problem: 20...59.
  public let pointer: UInt8

  init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    pointer = UInt8(truncatingIfNeeded: 20 + offset)
  }

  /// Checks the options of a header.
  ///
  /// - Parameter options: the bytes behind the 20 of every header, at most 40.
  /// - Throws: the first fault.
  /// - Complexity: O(options).
  public static func check(_ options: RawSpan) throws(IPv4OptionFault) {
    precondition(options.byteCount <= 40, "\(options.byteCount) bytes of options")
    var walk = HeaderOptionWalk(options)
    var (hasRoute, hasRecord, hasTimes) = (false, false, false)
    var end = 0
    while let option = walk.next() {
      end = option.offset + option.byteCount
      let kind = IPv4OptionKind(rawValue: option.kind)
      switch kind {
      case .looseSourceRoute, .strictSourceRoute:
        guard !hasRoute else { throw IPv4OptionFault(.repeated, at: option.offset) }
        hasRoute = true
        try checkRoute(option, of: options)
      case .recordRoute:
        guard !hasRecord else { throw IPv4OptionFault(.repeated, at: option.offset) }
        hasRecord = true
        try checkRoute(option, of: options)
      case .timestamp:
        guard !hasTimes else { throw IPv4OptionFault(.repeated, at: option.offset) }
        hasTimes = true
        try checkTimestamp(option, of: options)
      case .routerAlert where option.byteCount != 4:
        throw IPv4OptionFault(.length, at: option.offset + 1)
      default: break
      }
    }
    if walk.isMalformed {
      // The last byte may be a kind that has no room for its length.
      throw IPv4OptionFault(.length, at: min(end + 1, options.byteCount - 1))
    }
  }

  private static func checkRoute(
    _ option: HeaderOption, of options: RawSpan
  ) throws(IPv4OptionFault) {
    guard let route = IPv4RouteOption(option, of: options) else {
      throw IPv4OptionFault(.length, at: option.offset + 1)
    }
    guard route.pointer >= 4, route.isFull || route.pointer + 3 <= option.byteCount else {
      throw IPv4OptionFault(.pointer, at: option.offset + 2)
    }
  }

  private static func checkTimestamp(
    _ option: HeaderOption, of options: RawSpan
  ) throws(IPv4OptionFault) {
    guard let stamps = IPv4TimestampOption(option, of: options) else {
      throw IPv4OptionFault(.length, at: option.offset + 1)
    }
    guard let width = stamps.form.entryByteCount else {
      throw IPv4OptionFault(.form, at: option.offset + 3)
    }
    guard stamps.pointer >= 5, stamps.isFull || stamps.pointer + width - 1 <= option.byteCount
    else {
      throw IPv4OptionFault(.pointer, at: option.offset + 2)
    }
    guard !(stamps.isFull && stamps.form != .givenAddress && stamps.overflow == 15) else {
      throw IPv4OptionFault(.overflow, at: option.offset + 3)
    }
  }
}
