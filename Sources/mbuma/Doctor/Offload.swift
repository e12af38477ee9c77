// SPDX-License-Identifier: BSD-2-Clause
//
// A packet socket sits between the stack and the device:
//
//     this host's stack  ->  capture  ->  GSO, TSO, checksums, VLAN tag (txvlan)  ->  wire
//     this host's stack  <-  capture  <-  GRO, LRO, checksums, VLAN tag (rxvlan)  <-  wire
//
// So what is on at the right is not in sent frames yet, and is in received ones already: those
// captured are not those of the wire.
// Linux: Documentation/networking/segmentation-offloads.rst, checksum-offloads.rst.

/// What a device, or the kernel in its place, does to frames, by ethtool's word for it.
enum Offload: String, CaseIterable {
  case rx, tx, tso, gso, gro, lro, rxvlan, txvlan

  /// How it stands on an interface.
  enum State {
    case off
    case on
    /// On, and the interface cannot turn it off.
    case fixed
  }

  /// The kernel's names for it, as a shell's pattern; ethtool(8) takes the same.
  var feature: String {
    switch self {
    case .rx: "rx-checksum"
    case .tx: "tx-checksum-*"
    case .tso: "tx-tcp*-segmentation"
    case .gso: "tx-generic-segmentation"
    case .gro: "rx-gro"
    case .lro: "rx-lro"
    case .rxvlan: "rx-vlan-hw-parse"
    case .txvlan: "tx-vlan-hw-insert"
    }
  }

  /// What a capture sees of it when it is on, and whether its frames differ from the wire's.
  private var effect: (text: String, changesFrames: Bool) {
    switch self {
    case .rx: ("the device verifies checksums of received frames", false)
    case .tx: ("what this host sends is captured before its checksums are filled in", true)
    case .tso: ("TCP that this host sends is captured before it is cut to the MTU", true)
    case .gso: ("what this host sends may be captured before it is cut to the MTU", true)
    case .gro: ("received frames may be captured after they are joined beyond the MTU", true)
    case .lro: ("received TCP is captured after the device joined it beyond the MTU", true)
    case .rxvlan: ("the device removes the VLAN tag, and a capture puts it back", false)
    case .txvlan: ("the device inserts the VLAN tag, and a capture has it in its place", false)
    }
  }

  /// - Parameter interface: its name as a shell takes it.
  func finding(_ state: State, _ interface: String) -> Finding {
    let name = "offload_\(rawValue)"
    let (text, changesFrames) = effect
    return switch state {
    case .off: .ok(name, "off")
    case .on where changesFrames:
      .note(name, "on: \(text)", fix: "sudo ethtool -K \(interface) \(rawValue) off")
    case .fixed where changesFrames: .note(name, "always on: \(text)")
    case .on, .fixed: .ok(name, "on: \(text)")
    }
  }
}
