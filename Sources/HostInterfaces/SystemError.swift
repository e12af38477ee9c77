// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A system call that failed, in three parts: what, why and what to do.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// What was being done, such as "open a raw socket".
  public let what: String
  /// The error number.
  public let code: Int32

  /// What the program may be given instead of root, as setcap(8) spells it.
  let capabilities: String

  /// Notes the calling thread's `errno`, or another error number.
  init(
    _ what: String, _ code: Int32 = errno,
    needing capabilities: String = "cap_net_raw,cap_net_bind_service"
  ) {
    self.what = what
    self.code = code
    self.capabilities = capabilities
  }

  /// Whether a capability is missing.
  public var isPermission: Bool { code == EPERM || code == EACCES }

  /// The system's words for the error number.
  public var why: String { systemMessage(code) }

  /// What to do about it.
  public var advice: String {
    switch code {
    case EPERM, EACCES:
      "run as root, or: setcap \(capabilities)+ep on the program"
    case ENODEV, ENXIO: "see which interfaces there are: ip link"
    case ENETDOWN: "bring it up: ip link set NAME up"
    case EADDRINUSE: "stop the other user of that port, or choose another port"
    case EADDRNOTAVAIL: "give an address that this host has"
    default: "see the manual page of the call"
    }
  }

  /// The three parts in one line.
  public var description: String { "cannot \(what): \(why); \(advice)" }
}

extension InterfaceError {
  /// Whether a capability is missing.
  public var isPermission: Bool {
    guard case .system(_, let code) = kind else { return false }
    return code == EPERM || code == EACCES
  }

  /// What a system call's error is to those who move packets.
  public init(_ error: SystemError) {
    self.init(
      error.code == ENETDOWN ? .down : .system(call: error.what, errno: error.code),
      "cannot \(error.what)", why: error.why, advice: error.advice)
  }
}
