// SPDX-License-Identifier: BSD-2-Clause
import CLinux
import Interfaces

#if os(Linux)
  import Glibc

  /// Why a socket could not be opened, by `errno` and by what was being done.
  func xdpRefusal(
    _ step: mbuma_xdp_step, _ interface: String, _ queue: Int, receives: Bool
  ) -> InterfaceError {
    let code = errno
    let doing =
      switch step {
      case mbuma_xdp_binds: "take queue \(queue) of \(interface) for AF_XDP"
      case mbuma_xdp_loads: "load a program that receives from \(interface) by AF_XDP"
      case mbuma_xdp_attaches: "attach a program that receives from \(interface) by AF_XDP"
      default: "open an AF_XDP socket on \(interface)"
      }
    let error = SystemError(
      doing, code,
      needing: receives ? "cap_net_raw,cap_net_admin,cap_bpf" : "cap_net_raw")
    let told: (why: String, advice: String)? =
      switch (step, code) {
      case (mbuma_xdp_opens, ENOBUFS):
        (
          "its frames are more memory than may be locked",
          "raise the limit, ulimit -l, or give the program cap_ipc_lock, or have fewer slots"
        )
      case (mbuma_xdp_binds, EBUSY):
        (
          "another AF_XDP socket has the queue",
          "end the program that has it, or take another queue"
        )
      case (mbuma_xdp_binds, EINVAL):
        ("there is no such queue", "see which queues there are: ethtool -l \(interface)")
      case (mbuma_xdp_attaches, EBUSY), (mbuma_xdp_attaches, EEXIST):
        (
          "another XDP program takes its frames",
          "see which: ip link show \(interface); or receive without AF_XDP"
        )
      case (mbuma_xdp_loads, ENOSYS), (mbuma_xdp_loads, EINVAL), (mbuma_xdp_attaches, ENOSYS),
        (mbuma_xdp_attaches, EINVAL), (mbuma_xdp_attaches, EOPNOTSUPP):
        ("this kernel cannot; Linux 5.9 and later can", "receive without AF_XDP")
      default: nil
      }
    guard let told else { return InterfaceError(error) }
    return InterfaceError(
      .system(call: error.what, errno: code), "cannot \(error.what)", why: told.why,
      advice: told.advice)
  }
#endif
