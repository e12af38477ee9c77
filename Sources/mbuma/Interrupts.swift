// SPDX-License-Identifier: BSD-2-Clause
import Replay
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// SIGINT and SIGTERM: the first asks the running job to finish, the second ends the process.
enum Interrupts {
  // Written once before the handlers are set, read by them.
  private static let running = Mutex<ReplayControl?>(nil)
  private static let address = Atomic<UInt>(0)

  /// Has a signal stop this replay.
  static func stop(_ control: ReplayControl) {
    running.withLock { $0 = control }
    // The handler may not lock: it reads the object's address, which `running` keeps alive.
    address.store(
      unsafe UInt(bitPattern: Unmanaged.passUnretained(control).toOpaque()), ordering: .releasing)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        signal(number, SIG_DFL)
        let address = Interrupts.address.load(ordering: .acquiring)
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return }
        unsafe Unmanaged<ReplayControl>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.stop() }
      }
    }
    signal(SIGPIPE, SIG_IGN)
  }
}
