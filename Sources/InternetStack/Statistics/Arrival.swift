// SPDX-License-Identifier: BSD-2-Clause

/// How a datagram came to IP input.
enum Arrival: BitwiseCopyable {
  /// From a link, in one piece.
  case whole
  /// From a link, in fragments that were joined.
  case joined
  /// From the stack itself, whose own addresses may be its source.
  case looped
}
