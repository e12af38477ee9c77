// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Wire

extension RewriteEdit {
  /// Whether a tag is put in front of what follows the link addresses.
  var pushesTag: Bool {
    if case .push = tag { true } else { false }
  }
}

extension Packet {
  /// Works out what rules change in the packet.
  ///
  /// - Throws: `MbufError.tooShort` if the packet has fewer bytes than its decoding says: never.
  borrowing func edit(
    by rules: RewriteRules, _ frame: DecodedFrame, _ step: UInt64, _ outcome: inout RewriteOutcome
  ) throws(MbufError) -> RewriteEdit {
    var edit = RewriteEdit()
    if rules.concernLink, frame.link == .ethernet || frame.link == .length {
      try editLink(rules, frame, &edit)
    }
    switch frame.network {
    case .ipv4, .ipv6:
      let concern = rules.concernAddresses || rules.hops != nil || !rules.ports.isEmpty
      guard concern else { break }
      guard frame.hasNetworkHeader else {
        outcome.isOutOfReach = true
        break
      }
      try editIP(rules, frame, step, &edit, &outcome)
    case .arp:
      guard rules.concernAddresses else { break }
      guard frame.hasNetworkHeader else {
        outcome.isOutOfReach = true
        break
      }
      try editARP(rules, frame, step, &edit)
    case .none where rules.concernLink || rules.concernAddresses:
      // The link header is cut.
      outcome.isOutOfReach = true
    case .none, .other: break
    }
    return edit
  }

  private borrowing func editLink(
    _ rules: RewriteRules, _ frame: DecodedFrame, _ edit: inout RewriteEdit
  ) throws(MbufError) {
    guard byteCount >= EthernetHeader.byteCount else { return }
    if rules.linkDestination != nil || rules.linkSource != nil || !rules.linkMaps.isEmpty {
      let (destination, source) = try linkAddresses()
      let newDestination = rules.linkAddress(destination, orAll: rules.linkDestination)
      let newSource = rules.linkAddress(source, orAll: rules.linkSource)
      if newDestination != destination { edit.linkDestination = newDestination }
      if newSource != source { edit.linkSource = newSource }
      if newDestination != destination || newSource != source { edit.reach(12) }
    }
    guard let rule = rules.tag else { return }
    let control = frame.tags.count > 0 ? frame.tags.outerControl : nil
    switch (rule, control) {
    case (.push(let value), _):
      edit.tag = .push(control: value.applied(to: 0))
    case (.set(let value), let control?):
      let new = value.applied(to: control)
      if new != control { edit.tag = .set(control: new) }
    case (.pop, .some): edit.tag = .pop
    case (.set, nil), (.pop, nil): break
    }
    switch edit.tag {
    case .none: break
    case .push: edit.reach(12)
    case .set, .pop: edit.reach(EthernetHeader.byteCount + VLANTag.byteCount)
    }
  }

  private borrowing func editARP(
    _ rules: RewriteRules, _ frame: DecodedFrame, _ step: UInt64, _ edit: inout RewriteEdit
  ) throws(MbufError) {
    let start = frame.networkOffset
    let lengths = try uint16(at: start + 4)
    guard try uint16(at: start + 2) == EtherType.ipv4.rawValue, lengths & 0xff == 4 else { return }
    let sender = start + 8 + Int(lengths >> 8)
    let target = sender + 4 + Int(lengths >> 8)
    let old = RewriteRules.Addresses(
      source: IPv6Address(high: 0, low: UInt64(try uint32(at: sender))),
      destination: IPv6Address(high: 0, low: UInt64(try uint32(at: target))))
    let new = rules.addresses(old, isIPv6: false, step: step)
    edit.setAddresses(old, new, at: (sender, target), isIPv6: false)
  }

  /// The addresses that begin an Ethernet frame.
  borrowing func linkAddresses() throws(MbufError) -> (
    destination: MACAddress, source: MACAddress
  ) {
    (try macAddress(at: 0), try macAddress(at: 6))
  }

  private borrowing func macAddress(at offset: Int) throws(MbufError) -> MACAddress {
    let high = UInt64(try uint32(at: offset))
    return MACAddress(high << 16 | UInt64(try uint16(at: offset + 4)))
  }
}

extension RewriteEdit {
  /// Has addresses written that have changed.
  mutating func setAddresses(
    _ old: RewriteRules.Addresses, _ new: RewriteRules.Addresses, at places: (Int, Int),
    isIPv6: Bool
  ) {
    self.isIPv6 = isIPv6
    let byteCount = isIPv6 ? 16 : 4
    if old.source != new.source {
      source = (places.0, new.source)
      reach(places.0 + byteCount)
    }
    if old.destination != new.destination {
      destination = (places.1, new.destination)
      reach(places.1 + byteCount)
    }
  }
}
