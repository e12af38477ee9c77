// SPDX-License-Identifier: BSD-2-Clause

/// The name of a zone by a number, which outlives the zone; equal names have one number.
///
/// Errors and reports name a zone that may have ended since. Names are few, and each is kept once.
struct ZoneName: Hashable, Sendable {
  private struct Names: ~Copyable {
    var texts: [String] = []
    var numbers: [String: UInt32] = [:]
  }

  private static let known = Guarded(Names())

  private let number: UInt32

  init(_ text: String) {
    number = Self.known.withLock { names in
      if let number = names.numbers[text] { return number }
      let number = UInt32(names.texts.count)
      names.texts.append(text)
      names.numbers[text] = number
      return number
    }
  }

  var text: String { Self.known.withLock { $0.texts[Int(number)] } }
}
