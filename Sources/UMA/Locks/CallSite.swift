// SPDX-License-Identifier: BSD-2-Clause

/// A place in the source, for messages that must say who asked.
///
/// Taken by default arguments, so it costs the caller two constants, and only where the slow path
/// is entered.
@frozen
public struct CallSite: Sendable, Hashable, CustomStringConvertible {
  /// Module and file, as `#fileID` gives them.
  public let file: StaticString
  /// The line, 1 for the first.
  public let line: UInt

  /// Names a place; call it with `#fileID` and `#line` of whoever is to be named.
  @inlinable
  public init(_ file: StaticString, _ line: UInt) {
    self.file = file
    self.line = line
  }

  /// `Module/File.swift:42`.
  public var description: String { "\(file):\(line)" }

  /// Whether both are the same line of the same file.
  public static func == (a: CallSite, b: CallSite) -> Bool {
    a.line == b.line && a.file.description == b.file.description
  }

  /// Mixes file and line.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(file.description)
    hasher.combine(line)
  }
}
