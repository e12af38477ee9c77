// SPDX-License-Identifier: BSD-2-Clause

/// A misuse that a watched zone has found: says what was done to which item, and by whom.
struct ZoneFault: CustomStringConvertible {
  enum Kind {
    case freedTwice(again: CallSite)
    case neverAllocated(freed: CallSite)
    case writtenAfterFree(Damage)
    case writtenBeyond(Damage)
    case notAnItem(freed: CallSite)
    case insideItem(byte: Int, freed: CallSite)
    case otherZone(freed: CallSite, zoneName: String)
  }

  let kind: Kind
  /// The zone whose item it is; for `notAnItem` the one that was handed it.
  let zoneName: String
  let address: UInt
  let itemByteCount: Int
  var allocated: CallSite?
  var freed: CallSite?
  /// Where it was noticed.
  var noticed: CallSite?

  /// One line.
  var description: String {
    let item = "zone \(zoneName): item \(Self.hex(address)) (\(itemByteCount) bytes)"
    switch kind {
    case .freedTwice(let again):
      return "\(item) freed twice: first at \(name(freed)), again at \(again)\(by(allocated))"
    case .neverAllocated(let site):
      return "\(item) freed at \(site), but never allocated"
    case .writtenAfterFree(let damage):
      return "\(item) written after it was freed: \(found(damage))\(by(allocated, freed))"
    case .writtenBeyond(let damage):
      let side = damage.offset < 0 ? "before its start" : "beyond its end"
      return "\(item) written \(side): \(found(damage))\(by(allocated, freed))"
    case .notAnItem(let site):
      return "zone \(zoneName): \(Self.hex(address)) freed at \(site) is no item of it"
    case .insideItem(let byte, let site):
      return "\(item): its byte \(byte) was freed at \(site), not its start\(by(allocated, freed))"
    case .otherZone(let site, let zoneName):
      return "\(item) freed to zone \(zoneName) at \(site)\(by(allocated))"
    }
  }

  /// Ends the process with the fault on standard error.
  func stop() -> Never { fatalError(description) }

  private func by(_ allocated: CallSite?, _ freed: CallSite? = nil) -> String {
    var text = allocated.map { "; allocated at \($0)" } ?? ""
    if let freed { text += ", freed at \(freed)" }
    if let noticed { text += ", noticed at \(noticed)" }
    return text
  }

  private func name(_ site: CallSite?) -> String { site?.description ?? "an unknown place" }

  private func found(_ damage: Damage) -> String {
    "byte \(damage.offset) holds \(Self.hex(UInt(damage.found))), "
      + "not \(Self.hex(UInt(damage.wanted)))"
  }

  static func hex(_ number: UInt) -> String { "0x" + String(number, radix: 16) }
}
