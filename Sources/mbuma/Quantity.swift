// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser

/// A count on the command line: `1000`, `10k`, `1.5M`, `2G`.
struct Quantity: ExpressibleByArgument, Equatable {
  let value: Int

  init(_ value: Int) { self.value = value }

  var defaultValueDescription: String { String(value) }

  init?(argument: String) {
    var digits = argument[...]
    var scale = 1.0
    switch digits.last {
    case "k", "K": scale = 1e3
    case "M": scale = 1e6
    case "G": scale = 1e9
    default: break
    }
    if scale > 1 { digits = digits.dropLast() }
    guard let first = digits.first, first != ".", digits.allSatisfy({ "0123456789.".contains($0) }),
      let number = Double(digits)
    else { return nil }
    let value = number * scale
    // Rather refused than guessed: no fractions of one, nothing that does not fit.
    guard value.rounded() == value, value <= Double(1 << 53) else { return nil }
    self.value = Int(value)
  }
}
