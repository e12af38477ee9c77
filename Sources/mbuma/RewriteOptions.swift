// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces
import Replay
import Wire

/// What is rewritten in the headers of packets, by tcprewrite's and tcpreplay's names.
struct RewriteOptions: ParsableArguments {
  @Option(
    name: .customLong("enet-smac"), help: "The sender's address of every Ethernet frame.",
    transform: Self.linkAddress)
  var linkSource: MACAddress?

  @Option(
    name: .customLong("enet-dmac"), help: "The receiver's address of every Ethernet frame.",
    transform: Self.linkAddress)
  var linkDestination: MACAddress?

  @Option(
    name: .customLong("enet-subsmac"),
    help: "An Ethernet address in the place of another: OLD,NEW.",
    transform: Self.linkMap)
  var linkMaps: [LinkMap] = []

  @Option(
    name: .customLong("pnat"),
    help: "New prefixes for addresses on both sides: 10.0.0.0/8:192.168.0.0/16, … ",
    transform: Self.prefixMaps)
  var prefixes: [[PrefixMap]] = []

  @Option(
    name: .customLong("srcipmap"), help: "The same for senders.", transform: Self.prefixMaps)
  var sourcePrefixes: [[PrefixMap]] = []

  @Option(
    name: .customLong("dstipmap"), help: "The same for receivers.", transform: Self.prefixMaps)
  var destinationPrefixes: [[PrefixMap]] = []

  @Option(
    name: .customLong("portmap"), help: "New ports on both sides: 80:8080,1024-65535:5000.",
    transform: Self.portMaps)
  var ports: [[PortMap]] = []

  @Option(
    name: .customLong("enet-vlan"),
    help: "add an outer VLAN tag, set the values of the one there, or del it.")
  var tag: TagChange?

  @Option(name: .customLong("enet-vlan-tag"), help: "The VLAN's number, 0...4095.")
  var tagIdentifier: UInt16?

  @Option(name: .customLong("enet-vlan-pri"), help: "The tag's priority, 0...7.")
  var tagPriority: UInt8?

  @Option(
    name: .customLong("ttl"), parsing: .unconditional,
    help: "Hops left: 64, +5 or -5, within 1...255.", transform: Self.hops)
  var hops: HopRule?

  @Flag(
    name: .customLong("unique-ip"),
    help: "Other addresses in every loop: the lower one a step down, the higher one a step up.")
  var hasUniqueAddresses = false

  @Option(name: .customLong("unique-ip-loops"), help: "Loops with the same addresses.")
  var loopsPerStep: Quantity?

  @Option(
    name: .customLong("over-mtu"),
    help: """
      What becomes of packets longer than the MTU: refuse, skip, truncate, fragment, or segment, which \
      is for TCP, and fragments others.
      """)
  var longPackets: LongPacketPolicy?

  @Option(
    help: "The most bytes behind the link header; the interface's unless told otherwise.")
  var mtu: Quantity?

  /// What is done to the outer tag.
  enum TagChange: String, ExpressibleByArgument, CaseIterable { case add, set, del }

  func validate() throws {
    let value = tagIdentifier != nil || tagPriority != nil
    switch tag {
    case .add where tagIdentifier == nil:
      throw ValidationError("--enet-vlan add needs the VLAN's number: --enet-vlan-tag 7")
    case .set where !value:
      throw ValidationError("--enet-vlan set needs --enet-vlan-tag or --enet-vlan-pri")
    case .del where value:
      throw ValidationError("--enet-vlan del takes the tag away: leave out its values")
    case nil where value:
      throw ValidationError("--enet-vlan-tag and --enet-vlan-pri need --enet-vlan add or set")
    default: break
    }
    if let tagIdentifier, tagIdentifier > 4_095 {
      throw ValidationError("--enet-vlan-tag \(tagIdentifier): VLANs are 0 to 4095")
    }
    if let tagPriority, tagPriority > 7 {
      throw ValidationError("--enet-vlan-pri \(tagPriority): priorities are 0 to 7")
    }
    if let loopsPerStep {
      if !hasUniqueAddresses { throw ValidationError("--unique-ip-loops needs --unique-ip") }
      if loopsPerStep.value < 1 { throw ValidationError("--unique-ip-loops must be at least 1") }
    }
  }

  /// Refuses what does not go with rewriting.
  ///
  /// - Parameters:
  ///   - verifies: whether the output is to be compared.
  ///   - hasMTU: whether the output has an MTU of its own.
  func validate(verifies: Bool, hasMTU: Bool) throws {
    if verifies, rules != nil || longPackets ?? .refuse != .refuse {
      throw ValidationError(
        "--verify compares with the input, which rewriting changes: leave out --verify")
    }
    if longPackets != nil, mtu == nil, !hasMTU {
      throw ValidationError("--over-mtu needs an MTU here: --mtu 1500, or --to link:IF")
    }
    if let mtu, mtu.value < 1 { throw ValidationError("--mtu must be at least 1") }
  }

  /// The rules; nil if there are none.
  var rules: RewriteRules? {
    var rules = RewriteRules()
    rules.linkSource = linkSource
    rules.linkDestination = linkDestination
    rules.linkMaps = linkMaps
    let value = TagValue(identifier: tagIdentifier, priority: tagPriority)
    rules.tag =
      switch tag {
      case .add: .push(value)
      case .set: .set(value)
      case .del: .pop
      case nil: nil
      }
    rules.prefixes = prefixes.flatMap(\.self)
    rules.sourcePrefixes = sourcePrefixes.flatMap(\.self)
    rules.destinationPrefixes = destinationPrefixes.flatMap(\.self)
    // Of ports, tcprewrite takes the last entry that matches.
    rules.ports = ports.flatMap(\.self).reversed()
    rules.hops = hops
    rules.loopsPerStep = hasUniqueAddresses ? loopsPerStep?.value ?? 1 : nil
    return rules.isEmpty ? nil : rules
  }

  /// Whether packets stay as they are.
  var isEmpty: Bool { rules == nil && longPackets == nil && mtu == nil }

  /// The plan with what is asked for here.
  func applied(to plan: ReplayPlan) -> ReplayPlan {
    var plan = plan
    plan.rewrite = rules
    plan.mtu = mtu?.value
    plan.longPackets = longPackets ?? mtu.map { _ in .refuse }
    return plan
  }
}

extension LongPacketPolicy: ExpressibleByArgument {}
