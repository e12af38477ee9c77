// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser

/// A count on the command line: `1000`, `10k`, `1.5M`, `2G`.
///
///     value == whole * scale + fraction * scale / 10^digits, exactly, or it is refused
struct Quantity: ExpressibleByArgument, Equatable {
  let value: Int

  init(_ value: Int) { self.value = value }

  var defaultValueDescription: String { String(value) }

  /// Nil if it is no number, no whole one, or none that fits.
  init?(argument: String) {
    var scale = 1
    switch argument.last {
    case "k", "K": scale = 1_000
    case "M": scale = 1_000_000
    case "G": scale = 1_000_000_000
    default: break
    }
    let number = scale == 1 ? argument[...] : argument.dropLast()
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.allSatisfy(Self.isDigits), let whole = Int(parts[0]) else { return nil }
    var (value, isTooMuch) = whole.multipliedReportingOverflow(by: scale)
    for digit in (parts.count == 2 ? parts[1] : "").compactMap(\.wholeNumberValue) {
      // No fractions of one.
      if digit != 0, scale < 10 { return nil }
      scale /= 10
      let (sum, isOver) = value.addingReportingOverflow(digit * scale)
      (value, isTooMuch) = (sum, isTooMuch || isOver)
    }
    if isTooMuch { return nil }
    self.value = value
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.allSatisfy { "0"..."9" ~= $0 }
  }
}

/// How often inputs are gone through: a count, or `forever`, for which tcpreplay says 0.
struct LoopCount: ExpressibleByArgument, Equatable {
  let value: Int

  init(_ value: Int) { self.value = value }

  var defaultValueDescription: String { String(value) }

  init?(argument: String) {
    guard let count = argument == "forever" ? 0 : Quantity(argument: argument)?.value else {
      return nil
    }
    value = count == 0 ? .max : count
  }
}
