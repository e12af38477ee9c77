// SPDX-License-Identifier: BSD-2-Clause
//
//     link --batch--> stack --> services --> stack --> link          again while there is something to do
//              |                               |
//              '-------- wait, at most until the stack's next deadline
//
// One thread, no lock. What the link does not take waits in the stack's queue; what it refuses is counted.

import Interfaces
import InternetStack
import Mbufs
import Replay

/// A stack with services on a link of this host.
struct EchoServer<Link: Interface & ~Copyable>: ~Copyable {
  var host: StackHost<Link>
  var services: [UDPService]

  /// Answers until it is asked to stop, or until so many seconds are over.
  ///
  /// - Throws: `InterfaceError` if the link ends or fails; what was done stands in the statistics.
  mutating func run(
    _ control: ReplayControl, for seconds: Double?, _ progress: ProgressLine
  ) throws(InterfaceError) {
    let end = seconds.map { ContinuousClock.now + .seconds($0) }
    while !control.isStopped, end.map({ .now < $0 }) ?? true {
      if try turn() { continue }
      progress.show(Int(clamping: host.stack.statistics.received))
      _ = host.link.wait(milliseconds: host.isBlocked ? 1 : wait)
    }
    try host.link.finish()
  }

  /// Takes in what is there, answers, and sends what the link takes.
  ///
  /// - Returns: whether there may be more at once.
  private mutating func turn() throws(InterfaceError) -> Bool {
    host.stack.nowInNanoseconds = WallClock.now
    var mayHaveMore = false
    do throws(InterfaceError) {
      mayHaveMore = try host.turn()
      for index in services.indices {
        while services[index].serve(&host.stack) { try host.send() }
      }
    } catch {
      // The link is down for now; it may come up again.
      guard error.kind == .down else { throw error }
    }
    return mayHaveMore
  }

  /// Milliseconds to wait, at most a fifth of a second: a signal may have come meanwhile.
  private var wait: Int32 {
    guard let deadline = host.nextDeadline else { return 200 }
    let left = (deadline - WallClock.now + 999_999) / 1_000_000
    return Int32(max(0, min(left, 200)))
  }
}
