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
/// SIGUSR1 has it pause, and SIGCONT go on, as tcpreplay does.
///
/// What a pipe without a reader and a limit on the size of files would end the process by, SIGPIPE
/// and SIGXFSZ, is ignored: the write fails, and the failure is reported as that of a full disk is.
enum Interrupts {
  /// `SIG_IGN` as a number.
  private static let ignored = 1
  // Written once before the handlers are set, read by them.
  private static let running = Mutex<ReplayControl?>(nil)
  private static let address = Atomic<UInt>(0)

  /// The replay that runs; called by a handler, so it may not lock.
  private static func withRunning(_ body: (ReplayControl) -> Void) {
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring))
    else { return }
    unsafe Unmanaged<ReplayControl>.fromOpaque(pointer)._withUnsafeGuaranteedRef(body)
  }

  private static func handle(
    _ number: Int32, _ handler: @convention(c) (Int32) -> Void, restarting: Bool = false
  ) {
    var action = sigaction()
    #if canImport(Darwin)
      unsafe action.__sigaction_u.__sa_handler = handler
    #else
      unsafe action.__sigaction_handler.sa_handler = handler
    #endif
    // Without SA_RESTART a read that waits for a pipe is broken off, or it would wait on.
    action.sa_flags = restarting ? SA_RESTART : 0
    unsafe sigaction(number, &action, nil)
  }

  /// Has signals stop and pause this replay.
  static func stop(_ control: ReplayControl) {
    running.withLock { $0 = control }
    // The handler may not lock: it reads the object's address, which `running` keeps alive.
    address.store(
      unsafe UInt(bitPattern: Unmanaged.passUnretained(control).toOpaque()), ordering: .releasing)
    let stop: @convention(c) (Int32) -> Void = { _ in
      // All of them, since the second signal may be of another kind.
      signal(SIGINT, SIG_DFL)
      signal(SIGTERM, SIG_DFL)
      signal(SIGHUP, SIG_DFL)
      Interrupts.withRunning { $0.stop() }
    }
    handle(SIGINT, stop)
    handle(SIGTERM, stop)
    handle(SIGUSR1, { _ in Interrupts.withRunning { $0.pause() } }, restarting: true)
    handle(SIGCONT, { _ in Interrupts.withRunning { $0.resume() } }, restarting: true)
    // Left alone if it was ignored: nohup asks for that.
    if unsafe unsafeBitCast(signal(SIGHUP, SIG_IGN), to: Int.self) != ignored {
      handle(SIGHUP, stop)
    }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
