// SPDX-License-Identifier: BSD-2-Clause

// A host that a datagram has come to writes itself down in it where it is asked to (RFC 791 section
// 3.1, RFC 1122 section 3.2.1.8), before it answers or hands the options on:
//
//     record route                 own address at the pointer, which moves by 4
//     time stamp, form 0           time, by 4;    form 1: own address and time, by 8
//                 form 3           time, by 8, if the address at the pointer is the host's own
//                 full, 0 or 1     the overflow count goes up by one
//
// The length of no option changes, so nothing moves; the header checksum is to be made anew.

extension IPv4Header {
  /// Writes an address and a time into the options that ask for them.
  ///
  /// - Parameters:
  ///   - options: the bytes behind the 20 of every header, at most 40.
  ///   - address: the host's own, as which it is to be known.
  ///   - time: milliseconds since midnight UT; with the top bit set, any other time.
  /// - Returns: whether anything was written, so that the checksum has to be made anew.
  /// - Throws: what `IPv4OptionFault.check` does; nothing is written then.
  @discardableResult
  public static func record(
    _ address: IPv4Address, time: UInt32, in options: inout MutableRawSpan
  ) throws(IPv4OptionFault) -> Bool {
    try IPv4OptionFault.check(options.bytes)
    var (hasChanged, start) = (false, 0)
    // One at a time, since what is looked at cannot be written to meanwhile.
    while let option = option(in: options.bytes, behind: start) {
      start = option.offset + option.byteCount
      switch IPv4OptionKind(rawValue: option.kind) {
      case .recordRoute:
        if recordRoute(address, option, in: &options) { hasChanged = true }
      case .timestamp:
        if recordTime(address, time, option, in: &options) { hasChanged = true }
      default: break
      }
    }
    return hasChanged
  }

  /// The first option at or behind `start`, where an option begins.
  private static func option(in options: RawSpan, behind start: Int) -> HeaderOption? {
    var walk = HeaderOptionWalk(options.extracting(start..<options.byteCount))
    guard let option = walk.next() else { return nil }
    return HeaderOption(
      kind: option.kind, offset: start + option.offset, byteCount: option.byteCount)
  }

  private static func recordRoute(
    _ address: IPv4Address, _ option: HeaderOption, in options: inout MutableRawSpan
  ) -> Bool {
    guard let pointer = IPv4RouteOption(option, of: options.bytes)?.pointer,
      pointer <= option.byteCount
    else { return false }
    options.store(address, at: option.offset + pointer - 1)
    options.store(UInt8(truncatingIfNeeded: pointer + 4), at: option.offset + 2)
    return true
  }

  private static func recordTime(
    _ address: IPv4Address, _ time: UInt32, _ option: HeaderOption,
    in options: inout MutableRawSpan
  ) -> Bool {
    guard let pointer = IPv4TimestampOption(option, of: options.bytes)?.pointer,
      let form = IPv4TimestampOption(option, of: options.bytes)?.form,
      let overflow = IPv4TimestampOption(option, of: options.bytes)?.overflow
    else { return false }
    let place = option.offset + pointer - 1
    guard pointer <= option.byteCount else {
      guard form != .givenAddress else { return false }
      // Less than 16: the options were checked.
      options.store(
        UInt8(truncatingIfNeeded: (overflow + 1) << 4) | form.rawValue, at: option.offset + 3)
      return true
    }
    switch form {
    case .time:
      options.store(time, at: place)
    case .addressAndTime:
      options.store(address, at: place)
      options.store(time, at: place + 4)
    default:
      guard IPv4Address(options.bytes, at: place) == address else { return false }
      options.store(time, at: place + 4)
    }
    let width = form.entryByteCount ?? 4
    options.store(UInt8(truncatingIfNeeded: pointer + width), at: option.offset + 2)
    return true
  }
}
