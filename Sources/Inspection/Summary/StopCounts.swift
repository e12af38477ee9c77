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

  // A row for each layer and reason, numbered from 0 as they are.
  private static let reasonCount = ParseError.Reason.allCases.count
  private static let rowCount = ParseError.Layer.allCases.count * reasonCount
  private var rows = UniqueArray<FirstFrames>(repeating: FirstFrames(), count: rowCount)
  private var names = UniqueArray<ParseError.Stop?>(repeating: nil, count: rowCount)

  /// Frames there are.
  public private(set) var count = 0

  init() {}

  /// What was found, in the order of layers and of reasons.
  public var found: [Row] {
    var found: [Row] = []
    for index in rows.indices {
      guard let stop = names[index] else { continue }
      found.append(Row(stop: stop, frames: rows[index]))
    }
    return found
  }

  @inline(never)
  mutating func note(_ error: ParseError, of number: Int) {
    let index = Int(error.layer.rawValue) * Self.reasonCount + Int(error.reason.rawValue)
    count += 1
    rows[index].note(number)
    names[index] = ParseError.Stop(error)
  }
}
