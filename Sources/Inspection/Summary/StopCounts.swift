// SPDX-License-Identifier: BSD-2-Clause

import BasicContainers
public import Wire

/// Frames whose headers could not be read to the end, by where and why.
public struct StopCounts: ~Copyable {
  /// One reason, and the frames that have it.
  public struct Row: Sendable {
    /// Where and why.
    public let stop: ParseError.Stop
    /// How many, and the first of them.
    public let frames: FirstFrames
  }

  // A row for each layer and reason.
  private var rows = UniqueArray<FirstFrames>(
    repeating: FirstFrames(), count: ParseError.Stop.count)

  /// Frames there are.
  public private(set) var count = 0

  init() {}

  /// What was found, in the order of layers and of reasons.
  public var found: [Row] {
    var found: [Row] = []
    for index in rows.indices {
      let frames = rows[index]
      if frames.count > 0 {
        found.append(Row(stop: ParseError.Stop(number: index), frames: frames))
      }
    }
    return found
  }

  @inline(never)
  mutating func note(_ error: ParseError, of number: Int) {
    count += 1
    rows[ParseError.Stop(error).number].note(number)
  }
}
