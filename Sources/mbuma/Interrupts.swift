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

/// SIGINT, SIGTERM and SIGHUP: the first asks the running job to finish, the second ends the process.
///
/// What a pipe without a reader and a limit on the size of files would end the process by, SIGPIPE
/// and SIGXFSZ, is ignored: the write fails, and the failure is reported as that of a full disk is.
enum Interrupts {
  /// `SIG_IGN` as a number.
  private static let ignored = 1
  // Written once before the handlers are set, read by them.
  private static let running = Mutex<ReplayControl?>(nil)
  private static let address = Atomic<UInt>(0)

  /// Has a signal stop this replay.
  static func stop(_ control: ReplayControl) {
    running.withLock { $0 = control }
    // The handler may not lock: it reads the object's address, which `running` keeps alive.
    address.store(
      unsafe UInt(bitPattern: Unmanaged.passUnretained(control).toOpaque()), ordering: .releasing)
    var action = sigaction()
    let handler: @convention(c) (Int32) -> Void = { _ in
      // All of them, since the second signal may be of another kind.
      signal(SIGINT, SIG_DFL)
      signal(SIGTERM, SIG_DFL)
      signal(SIGHUP, SIG_DFL)
      let address = Interrupts.address.load(ordering: .acquiring)
      guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return }
      unsafe Unmanaged<ReplayControl>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.stop() }
    }
    #if canImport(Darwin)
      unsafe action.__sigaction_u.__sa_handler = handler
    #else
      unsafe action.__sigaction_handler.sa_handler = handler
    #endif
    // No SA_RESTART: a read that waits for a pipe is broken off, or it would wait on.
    action.sa_flags = 0
    for number in [SIGINT, SIGTERM] { unsafe sigaction(number, &action, nil) }
    // Left alone if it was ignored: nohup asks for that.
    if unsafe unsafeBitCast(signal(SIGHUP, SIG_IGN), to: Int.self) != ignored {
      unsafe sigaction(SIGHUP, &action, nil)
    }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
