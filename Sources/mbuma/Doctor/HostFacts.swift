// SPDX-License-Identifier: BSD-2-Clause
//
// A capability may be there and a socket still not open: a user namespace, a container's rules or
// seccomp forbid what the capability grants. So both are told. What a capture and a replay to a link
// cannot do without is the capability and the packet socket; all else is a note.

import Interfaces

#if os(Linux)
  import Glibc

  /// What the kernel lets this process do, as found; the judgement is made here, of any such facts.
  struct HostFacts {
    /// The kernel's release, such as "6.1.0-18-amd64".
    var release: String
    /// What libpcap says of itself.
    var libpcap: String
    /// The effective capabilities, a bit each; nil if they cannot be read.
    var capabilities: UInt64?
    /// Error numbers of opening a packet, a raw IP and an AF_XDP socket, and the device of TUN and
    /// TAP; 0 for each that opened.
    var packetSocket: Int32 = 0
    var rawSocket: Int32 = 0
    var xdpSocket: Int32 = 0
    var tun: Int32 = 0
    /// Whether membarrier(2) has its expedited command.
    var hasExpeditedBarrier = true
    /// Bytes that the process may lock in memory, `.max` without a limit; nil if that is not known.
    var lockedByteLimit: UInt64?
    /// The program's own path.
    var program: String

    /// Places in `capabilities`.
    ///
    /// Linux: capabilities(7), linux/capability.h.
    private static let (netAdmin, netRaw, ipcLock): (UInt64, UInt64, UInt64) = (12, 13, 14)
    /// Bytes of the frames that `--xdp` shares with the kernel, which counts them as locked.
    private static let xdpByteCount: UInt64 = 4_096 * 2_048

    /// What the facts mean, in the order in which one thing needs another.
    var findings: [Finding] {
      [
        kernel, .ok("libpcap", libpcap), barrier,
        capability("cap_net_raw", Self.netRaw) {
          .fail("cap_net_raw", $0 + "; no frame is received or sent", fix: $1, isPermission: true)
        },
        capability("cap_net_admin", Self.netAdmin) {
          .note("cap_net_admin", $0 + "; no TUN or TAP, and smaller buffers", fix: $1)
        },
        packet, raw, device, xdp, lockedMemory,
      ]
    }

    /// The command that gives the program a capability.
    ///
    /// A file's capabilities are set all at once, so that those it has are named again.
    private func grant(_ name: String) -> String {
      let isAdmin = name == "cap_net_admin" || has(Self.netAdmin)
      let names = isAdmin ? "cap_net_raw,cap_net_admin" : "cap_net_raw"
      return "sudo setcap \(names)+ep \(Finding.quoted(program))"
    }

    private func has(_ place: UInt64) -> Bool { (capabilities ?? 0) >> place & 1 == 1 }

    private func capability(
      _ name: String, _ place: UInt64, _ missing: (_ fact: String, _ fix: String) -> Finding
    ) -> Finding {
      if capabilities == nil { return .note(name, "cannot be read") }
      if has(place) { return .ok(name, "this process has it") }
      return missing("this process lacks it", grant(name))
    }

    /// No command brings it: the kernel has it from 4.14 on, unless it was built without, and a
    /// container's rules may take it away.
    private var barrier: Finding {
      hasExpeditedBarrier
        ? .ok("membarrier", "expedited; each thread allocates from a cache of its own")
        : .note("membarrier", "not there; threads share caches under locks, which is slower")
    }

    /// Capturing leaves out what this host sends by an option that came with 4.20.
    private var kernel: Finding {
      let fact = "Linux \(release)"
      guard let version = Self.version(release) else {
        return .note("kernel", "\(fact), whose version is not known")
      }
      if version < (4, 20) {
        return .fail("kernel", "\(fact); captures need 4.20: boot a newer one")
      }
      if version < (5, 4) {
        return .note("kernel", "\(fact); --xdp needs 5.4: boot a newer one")
      }
      return .ok("kernel", fact)
    }

    /// The first two numbers of a release.
    static func version(_ release: String) -> (Int, Int)? {
      let parts = release.split(separator: ".", maxSplits: 2)
      guard parts.count >= 2, let major = Int(parts[0]),
        let minor = Int(parts[1].prefix { $0.isASCII && $0.isNumber })
      else { return nil }
      return (major, minor)
    }

    private static func isPermission(_ error: Int32) -> Bool { error == EPERM || error == EACCES }

    private var packet: Finding {
      if packetSocket == 0 { return .ok("packet_socket", "opens; capture and --to link:IF use it") }
      return .fail(
        "packet_socket", "cannot be opened: \(systemMessage(packetSocket))",
        fix: Self.isPermission(packetSocket) ? grant("cap_net_raw") : "sudo modprobe af_packet",
        isPermission: Self.isPermission(packetSocket))
    }

    private var raw: Finding {
      if rawSocket == 0 { return .ok("raw_socket", "opens; echo servers use it") }
      return .note(
        "raw_socket", "cannot be opened, which an echo server needs: \(systemMessage(rawSocket))",
        fix: Self.isPermission(rawSocket) ? grant("cap_net_raw") : nil)
    }

    private var device: Finding {
      let name = "/dev/net/tun"
      let (why, fix): (String, String?) =
        switch tun {
        case 0: ("", nil)
        case ENOENT:
          (
            systemMessage(tun),
            "sudo modprobe tun; sudo mkdir -p /dev/net; sudo mknod -m 666 \(name) c 10 200"
          )
        case EACCES: (systemMessage(tun), "sudo chmod 666 \(name)")
        case EPERM:
          ("\(systemMessage(tun)): start the container with --device \(name)", nil)
        default: (systemMessage(tun), "sudo modprobe tun")
        }
      if tun == 0 { return .ok("tun", "\(name) opens; TUN and TAP use it") }
      return .note("tun", "\(name) does not open, which TUN and TAP need: \(why)", fix: fix)
    }

    private var xdp: Finding {
      if xdpSocket == 0 { return .ok("xdp_socket", "opens; --xdp uses it") }
      // It is no module: the kernel is built with it or without.
      return .note(
        "xdp_socket", "cannot be opened, which --xdp needs: \(systemMessage(xdpSocket))",
        fix: Self.isPermission(xdpSocket) ? grant("cap_net_raw") : nil)
    }

    private var lockedMemory: Finding {
      guard let limit = lockedByteLimit else { return .note("memlock", "cannot be read") }
      if limit == .max { return .ok("memlock", "no limit") }
      if has(Self.ipcLock) {
        return .ok("memlock", "\(limit) bytes, a limit that this process may exceed")
      }
      if limit >= Self.xdpByteCount { return .ok("memlock", "\(limit) bytes, enough for --xdp") }
      return .note(
        "memlock", "\(limit) bytes, and --xdp locks \(Self.xdpByteCount)",
        fix: "sudo prlimit --pid $$ --memlock=\(2 * Self.xdpByteCount)")
    }

    /// The effective capabilities in the text of `/proc/self/status`.
    static func capabilities(_ status: String) -> UInt64? {
      value("CapEff:", status).flatMap { UInt64($0, radix: 16) }
    }

    /// The soft limit in the text of `/proc/self/limits`, in bytes; `.max` if it is "unlimited".
    static func lockedByteLimit(_ limits: String) -> UInt64? {
      value("Max locked memory", limits).flatMap { $0 == "unlimited" ? .max : UInt64($0) }
    }

    /// The first word behind a name that begins a line.
    private static func value(_ name: String, _ text: String) -> Substring? {
      text.split(separator: "\n").first { $0.hasPrefix(name) }?
        .dropFirst(name.count).split(whereSeparator: \.isWhitespace).first
    }
  }
#endif
