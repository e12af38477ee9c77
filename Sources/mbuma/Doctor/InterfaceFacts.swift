// SPDX-License-Identifier: BSD-2-Clause
//
// What an interface needs is to be there, up, with a carrier, and of a kind whose frames are known.
// The rest are notes: captures show other frames than the wire has (Offload.swift), or the host
// drops what a capture shows.

import Interfaces

#if os(Linux)
  import Glibc

  /// What the kernel says of an interface; the judgement is made here, of any such facts.
  struct InterfaceFacts {
    let name: String
    /// The error number of asking for it; nothing else is known if it is not 0.
    var error: Int32 = 0
    var isUp = true
    var isRunning = true
    /// ARPHRD_ of the interface.
    var hardwareType = 1
    /// Bytes.
    var mtu = 1_500
    /// Those that the interface tells of.
    var offloads: [(offload: Offload, state: Offload.State)] = []
    /// How the host checks sources, for all interfaces and for this one; the larger counts.
    var sourceCheck: (all: Int, own: Int)?
    /// What the kernel counted since the interface was made; nil if it does not tell.
    var statistics: InterfaceStatistics?

    /// What the facts mean.
    var findings: [Finding] {
      if error != 0 { return [.fail("interface", "\(name): \(systemMessage(error))")] }
      let quoted = Finding.quoted(name)
      var findings: [Finding] = [.ok("interface", "\(name) is there"), link(quoted), linkType]
      findings += [.ok("mtu", "\(mtu) bytes")]
      findings += offloads.map { $0.offload.finding($0.state, quoted) }
      findings += [sources, counters(quoted)].compactMap(\.self)
      return findings
    }

    private func link(_ quoted: String) -> Finding {
      if !isUp { return .fail("link", "down", fix: "sudo ip link set dev \(quoted) up") }
      if isRunning { return .ok("link", "up") }
      return .fail("link", "up, without a carrier: plug in the cable, or bring up the other end")
    }

    /// By the numbers of linux/if_arp.h; those that `PacketSocket` knows are `ok`.
    private var linkType: Finding {
      switch hardwareType {
      case 1: .ok("link_type", "EN10MB")
      case 772: .ok("link_type", "EN10MB, loopback")
      case 768, 769, 776, 65_534: .ok("link_type", "RAW")
      default:
        .fail(
          "link_type",
          "hardware type \(hardwareType): give an Ethernet, loopback or tunnel interface")
      }
    }

    private var sources: Finding? {
      guard let (all, own) = sourceCheck else { return nil }
      let fact = "\(max(all, own)), the larger of all \(all) and \(name) \(own)"
      if max(all, own) == 0 { return .ok("rp_filter", fact) }
      // With slashes, since a name may have a dot in it.
      let settings = [(all, "all"), (own, name)].filter { $0.0 != 0 }.map {
        Finding.quoted("net/ipv4/conf/\($0.1)/rp_filter=0")
      }
      return .note(
        "rp_filter",
        "\(fact); the host drops IPv4 whose source has no route back; captures show it",
        fix: "sudo sysctl -w " + settings.joined(separator: " "))
    }

    private func counters(_ quoted: String) -> Finding? {
      guard let input = statistics?.input, let output = statistics?.output else { return nil }
      let fact =
        "received \(input.packets) packets, \(input.drops) dropped, \(input.errors) with errors; "
        + "sent \(output.packets), \(output.drops) dropped, \(output.errors) with errors"
      if input.drops + input.errors + output.drops + output.errors == 0 {
        return .ok("counters", fact)
      }
      return .note("counters", "\(fact); more: ip -s -s link show dev \(quoted)")
    }
  }
#endif
