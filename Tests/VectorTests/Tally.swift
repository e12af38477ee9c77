// SPDX-License-Identifier: BSD-2-Clause

/// How many cases went which way.
struct Tally {
  private(set) var cases = 0
  private(set) var matched = 0
  /// Cases that match only where 13.0's answer is taken.
  private(set) var matchedLater = 0
  private(set) var deviating = 0
  private(set) var failures: [String] = []
  private var kinds: [Deviation: Int] = [:]

  mutating func count(_ verdicts: Set<Verdict>) {
    cases += 1
    var isDeviating = false
    for case .deviation(let kind) in verdicts {
      kinds[kind, default: 0] += 1
      isDeviating = true
    }
    if isDeviating {
      deviating += 1
    } else {
      matched += 1
      if verdicts.contains(.sameAsLater) { matchedLater += 1 }
    }
  }

  mutating func fail(_ what: String) {
    cases += 1
    failures.append(what)
  }

  func count(of kind: Deviation) -> Int { kinds[kind] ?? 0 }

  /// The line that is printed.
  var summary: String {
    let list = Deviation.allCases.map { "\($0.rawValue) \(count(of: $0))" }
    return "cases \(cases), matched \(matched) (of these \(matchedLater) by the later release), "
      + "deviations \(deviating): " + list.joined(separator: ", ")
      + ", failed \(failures.count)"
  }
}
