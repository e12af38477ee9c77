// SPDX-License-Identifier: BSD-2-Clause

/// How input ends for a packet: each step returns one, and `input` alone counts it.
///
///     received == delivered + handled + held + joined + dropped.total        StackStatistics
enum Outcome: Equatable {
  /// A socket took it.
  case delivered
  /// The stack itself was meant and did what was asked: answered, learned, passed on.
  case handled
  /// A fragment that waits for the rest of its datagram.
  case held
  /// Nobody took it, and why.
  case dropped(DropReason)

  /// Why nobody took it; nil if somebody did, or if it waits.
  @inline(__always)
  var reason: DropReason? {
    if case .dropped(let reason) = self { reason } else { nil }
  }
}
