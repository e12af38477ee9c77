// SPDX-License-Identifier: BSD-2-Clause

/// Picks allocation attempts to fail, of all or of some zone or some place in the source.
///
/// A rule counts the attempts that it applies to, and no others:
///
///     .attempt(3)                              the third attempt
///     .attempt(3).inZone("mbuf")               the third of zone mbuf
///     .every(2).at("Reassembly.swift:41")      each second one made by that line
///     .random(probability: 0.01, seed: 7)      about each hundredth, the same ones in every run
public struct FailureRule: Sendable, CustomStringConvertible {
  private enum Choice { case one(Int), every(Int), from(Int), random(below: UInt64) }

  private let choice: Choice
  private var zoneName: String?
  private var place: String?
  private var count = 0
  private var random: SplitMix64

  private init(_ choice: Choice, seed: UInt64 = 0) {
    self.choice = choice
    random = SplitMix64(seed: seed)
  }

  /// One attempt, 1 for the first.
  public static func attempt(_ number: Int) -> FailureRule {
    precondition(number > 0, "attempt \(number)")
    return FailureRule(.one(number))
  }

  /// Each attempt whose number is a multiple of `interval`.
  public static func every(_ interval: Int) -> FailureRule {
    precondition(interval > 0, "every \(interval) attempts")
    return FailureRule(.every(interval))
  }

  /// An attempt and all later ones, 1 for all.
  public static func from(_ number: Int) -> FailureRule {
    precondition(number > 0, "attempt \(number)")
    return FailureRule(.from(number))
  }

  /// Each attempt with a probability of 0...1, by a sequence that the seed determines.
  public static func random(probability: Double, seed: UInt64) -> FailureRule {
    precondition((0...1).contains(probability), "a probability of \(probability)")
    return FailureRule(.random(below: UInt64(probability * 0x1p53)), seed: seed)
  }

  /// The same for attempts in zones of one name.
  public func inZone(_ name: String) -> FailureRule {
    var rule = self
    rule.zoneName = name
    return rule
  }

  /// The same for attempts made at one place.
  ///
  /// - Parameter place: a file or a line of it: `File.swift`, `Module/File.swift`, `File.swift:41`.
  public func at(_ place: String) -> FailureRule {
    var rule = self
    rule.place = place
    return rule
  }

  /// Counts an attempt, and says whether it is to fail.
  mutating func picks(_ zoneName: String, _ site: CallSite) -> Bool {
    if let wanted = self.zoneName, wanted != zoneName { return false }
    if let place, !site.isAt(place) { return false }
    count += 1
    switch choice {
    case .one(let number): return count == number
    case .every(let interval): return count % interval == 0
    case .from(let number): return count >= number
    case .random(let threshold): return random.next() >> 11 < threshold
    }
  }

  /// What it picks, in words.
  public var description: String {
    let what =
      switch choice {
      case .one(let number): "attempt \(number)"
      case .every(let interval): "every attempt that is a multiple of \(interval)"
      case .from(let number): "attempt \(number) and all later ones"
      case .random: "attempts at random"
      }
    return what + (zoneName.map { " in zone \($0)" } ?? "") + (place.map { " at \($0)" } ?? "")
  }
}

extension CallSite {
  /// Whether this is the place that a file name, with or without module and line, stands for.
  func isAt(_ place: String) -> Bool {
    [file.description, description].contains { $0 == place || $0.hasSuffix("/" + place) }
  }
}
