// SPDX-License-Identifier: BSD-2-Clause
public import UMA

/// Why an operation on a packet failed.
///
/// The packet is as it was before.
public enum MbufError: Error, Equatable, CustomStringConvertible {
  /// A zone denied an mbuf or a cluster.
  case exhausted(ZoneError)
  /// The packet has fewer bytes than the operation needs.
  case tooShort(wanted: Int, available: Int)
  /// More bytes are wanted in one piece than any storage has.
  case tooLong(wanted: Int, limit: Int)
  /// The packet cannot be brought into so few segments: `least` is what it came down to.
  case tooManySegments(least: Int, most: Int)

  /// What failed and why, in one line.
  public var description: String {
    switch self {
    case .exhausted(let error): error.description
    case .tooShort(let wanted, let available): "\(wanted) bytes wanted of \(available)"
    case .tooLong(let wanted, let limit): "\(wanted) bytes wanted in one piece, at most \(limit)"
    case .tooManySegments(let least, let most): "\(least) segments at least, \(most) wanted"
    }
  }
}
