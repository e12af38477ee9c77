// SPDX-License-Identifier: BSD-2-Clause

/// What went wrong with which chain; throwing it ends the test at the first.
public struct Failure: Error, CustomStringConvertible {
  /// The finding, in words.
  public let description: String

  /// A finding in these words.
  public init(description: String) { self.description = description }
}
