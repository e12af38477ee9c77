// SPDX-License-Identifier: BSD-2-Clause
//
// Asks the kernel and opens what can be opened; all is closed again, and nothing is changed. What
// the answers mean is in HostFacts.swift and InterfaceFacts.swift.

import CLinux
import CPcap
import HostInterfaces
import Interfaces

#if os(Linux)
  import Glibc

  extension HostFacts {
    /// The facts of this process on this host.
    static func ofThisProcess() -> HostFacts {
      HostFacts(
        release: firstLine("/proc/sys/kernel/osrelease") ?? "of an unknown release",
        // A text that never changes.
        libpcap: unsafe String(cString: pcap_lib_version()),
        capabilities: text("/proc/self/status").flatMap(capabilities),
        packetSocket: mbuma_try_endpoint(mbuma_packet_endpoint),
        rawSocket: mbuma_try_endpoint(mbuma_raw_endpoint),
        xdpSocket: mbuma_try_endpoint(mbuma_xdp_endpoint),
        tun: mbuma_try_endpoint(mbuma_tun_endpoint),
        hasExpeditedBarrier: mbuma_has_expedited_barrier(),
        lockedByteLimit: text("/proc/self/limits").flatMap(lockedByteLimit),
        program: ownPath())
    }

    private static func ownPath() -> String {
      var path = [CChar](repeating: 0, count: Int(PATH_MAX))
      // At most as many bytes as there is room for, and no 0 behind them.
      let count = unsafe readlink("/proc/self/exe", &path, path.count)
      guard count > 0 else { return "mbuma" }
      return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  extension InterfaceFacts {
    /// The facts of an interface in the network of this process.
    static func ofInterface(_ name: String) -> InterfaceFacts {
      var facts = InterfaceFacts(name: name)
      var found = mbuma_interface_facts()
      // A name is a text that ends with a 0, and `found` is filled in whatever comes.
      facts.error = unsafe mbuma_describe_interface(name, &found)
      guard facts.error == 0 else { return facts }
      (facts.isUp, facts.isRunning) = (found.is_up, found.is_running)
      (facts.hardwareType, facts.mtu) = (Int(found.hardware_type), Int(found.mtu))
      for offload in Offload.allCases {
        // Both are texts that end with a 0.
        switch unsafe mbuma_feature(name, offload.feature) {
        case mbuma_feature_off: facts.offloads.append((offload, .off))
        case mbuma_feature_on: facts.offloads.append((offload, .on))
        case mbuma_feature_fixed: facts.offloads.append((offload, .fixed))
        default: break
        }
      }
      let checks = ["all", name].map { firstLine("/proc/sys/net/ipv4/conf/\($0)/rp_filter") }
      if let all = checks[0].flatMap({ Int($0) }), let own = checks[1].flatMap({ Int($0) }) {
        facts.sourceCheck = (all, own)
      }
      facts.statistics = try? InterfaceStatistics(ofKernelInterface: name)
      return facts
    }
  }

  /// All of a file of the system; nil if it cannot be read.
  private func text(_ path: String) -> String? { try? readText(path) }

  private func firstLine(_ path: String) -> String? {
    text(path)?.split(separator: "\n").first.map(String.init)
  }
#endif
