// SPDX-License-Identifier: BSD-2-Clause

/// Why memory of any size was denied; nothing was allocated.
public enum MallocError: Error, Equatable, CustomStringConvertible {
  /// The zone of the size class denied it.
  case denied(ZoneError)
  /// The page source had no run of pages for so many bytes.
  case outOfPages(byteCount: Int)
  /// The memory budget has no room for a run of pages for it.
  case budgetReached(limitInBytes: Int)
  /// The type has as many bytes as its limit allows.
  case limitReached(type: String, limitInBytes: Int)

  /// Reason and the setting to change in one line.
  public var description: String {
    switch self {
    case .denied(let error): error.description
    case .outOfPages(let byteCount):
      "no pages for \(byteCount) bytes; give the allocator a page source with room"
    case .budgetReached(let limit):
      "memory budget of \(limit) bytes reached; raise its limitInBytes"
    case .limitReached(let type, let limit):
      "type \(type): limit of \(limit) bytes reached; raise limitInBytes of type \(type)"
    }
  }
}
