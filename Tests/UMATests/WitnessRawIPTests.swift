// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

extension WitnessTests {
  /// The fault that made the checker necessary: an mbuf waited for with the raw IP lock held.
  ///
  /// The output finds no room for the IP header in front of the payload and asks for another mbuf,
  /// with leave to wait. Whoever would free one may need the lock first, and both wait forever.
  @Suite(.serialized) struct RawIP {
    /// A raw socket: what is queued for it, under its lock, and the zone that headers come from.
    final class Socket: Sendable {
      static let zoneName = "mbuf of raw IP"
      let lockClass = WitnessTests.newClass("rawinp")
      let mbufs = Zone(name: zoneName, itemByteCount: 256)
      let queue: WitnessedLock<(sent: [HeldItem], drops: [ZoneError.Reason])>

      init(mbufLimit: Int) {
        mbufs.limitInItems = mbufLimit
        queue = WitnessedLock((sent: [], drops: []), class: lockClass)
      }

      /// Prepends under the lock, and handles a denial, as the downgrade asks of every caller.
      func outputUnderLock(until deadline: ContinuousClock.Instant? = nil) {
        queue.withLock(file: "Net/RawIP.swift", line: 287) { queue in
          do throws(ZoneError) {
            let header = unsafe HeldItem(
              try mbufs.allocate(.wait(until: deadline), file: "Net/RawIP.swift", line: 303))
            queue.sent.append(header)
          } catch {
            #expect(error.zoneName == Self.zoneName)
            queue.drops.append(error.reason)
          }
        }
      }

      /// The way it should be: first the mbuf, then the lock.
      func output() throws(ZoneError) {
        let header = unsafe HeldItem(try mbufs.allocate(.wait()))
        queue.withLock { $0.sent.append(header) }
      }

      /// The device has sent one: its mbuf comes free, under the same lock.
      func complete() {
        queue.withLock { queue in if let header = queue.sent.popLast() { mbufs.give(header) } }
      }

      func end() {
        while queue.withLock({ !$0.sent.isEmpty }) { complete() }
        #expect(mbufs.destroy() == 0)
      }
    }

    @Test func aWaitUnderTheLockIsReportedThoughAnMbufIsThere() {
      let socket = Socket(mbufLimit: 0)
      let reports = WitnessTests.reports(of: [socket.lockClass]) {
        for _ in 0..<3 { socket.outputUnderLock() }
      }
      #expect(
        reports.map(\.description) == [
          """
          waiting allocation with locks held:
           zone mbuf of raw IP @ Net/RawIP.swift:303
          held:
           \(socket.lockClass) @ Net/RawIP.swift:287
          """
        ])
      let counts = Witness.reports().filter { $0.report.held.lockClass == socket.lockClass }
      #expect(counts.map(\.count) == [3])
      #expect(socket.queue.withLock { $0.sent.count } == 3)
      socket.end()
    }

    /// With no mbuf left it would wait forever, since only `complete` gives one back.
    @Test func downgradedTheWaitIsDeniedAndThePacketDropped() {
      let socket = Socket(mbufLimit: 2)
      let reports = WitnessTests.reports(of: [socket.lockClass]) {
        Witness.waitPolicy = .denyUnderLock
        for _ in 0..<5 { socket.outputUnderLock() }
      }
      #expect(reports.count == 1)
      #expect(socket.queue.withLock { $0.sent.count } == 2)
      #expect(socket.queue.withLock { $0.drops } == [.limitReached, .limitReached, .limitReached])
      socket.end()
    }

    @Test func onlyWarnedTheWaitWaits() {
      let socket = Socket(mbufLimit: 1)
      let reports = WitnessTests.reports(of: [socket.lockClass]) {
        socket.outputUnderLock()
        socket.outputUnderLock(until: .now + .milliseconds(20))
      }
      #expect(reports.count == 1)
      #expect(socket.queue.withLock { $0.drops } == [.deadlinePassed])
      socket.end()
    }

    /// Mended, the output waits until the device has sent, and nothing is reported or dropped.
    @Test func theMbufBeforeTheLock() {
      let socket = Socket(mbufLimit: 2)
      let reports = WitnessTests.reports(of: [socket.lockClass]) {
        Witness.waitPolicy = .denyUnderLock
        onThreads(2) { thread in
          for _ in 0..<200 {
            if thread == 0 {
              do throws(ZoneError) { try socket.output() } catch { Issue.record("\(error)") }
            } else {
              while socket.queue.withLock({ $0.sent.isEmpty }) {}
              socket.complete()
            }
          }
        }
      }
      #expect(reports.isEmpty)
      #expect(socket.queue.withLock { $0.drops.isEmpty && $0.sent.isEmpty })
      #expect(socket.mbufs.statistics().allocations == 200)
      socket.end()
    }

    /// What may not wait is never reported.
    @Test func anAllocationThatDoesNotWaitIsFree() {
      let socket = Socket(mbufLimit: 1)
      let reports = WitnessTests.reports(of: [socket.lockClass]) {
        socket.queue.withLock { queue in
          for wait in [Wait.noWait, .noPages, .noWait] {
            if let item = unsafe try? socket.mbufs.allocate(wait) {
              queue.sent.append(unsafe HeldItem(item))
            }
          }
        }
      }
      #expect(reports.isEmpty)
      #expect(socket.queue.withLock { $0.sent.count } == 1)
      socket.end()
    }

    /// The form for tasks asks as well.
    @Test func aTaskThatWouldSuspendWithALockHeld() async {
      await #expect(processExitsWith: .success) {
        let mbufs = Zone(name: "mbuf", itemByteCount: 256)
        mbufs.limitInItems = 1
        let item = try mbufs.take()
        Witness.isOn = true
        Witness.reaction = .report
        Witness.waitPolicy = .denyUnderLock
        Witness.setHandler { _ in }
        // Taken and not released: one thread's, whichever runs this task.
        Witness.acquired(LockClass("rawinp"))
        do throws(ZoneError) {
          _ = unsafe try await mbufs.allocateWhenAvailable()
          preconditionFailure("an item beyond the limit")
        } catch {
          precondition(error.reason == .limitReached, "\(error)")
        }
        precondition(Witness.reports().count == 1)
        mbufs.give(item)
      }
    }

    /// Without a checker all waits can be denied, locks or not.
    @Test func everyWaitIsDenied() async {
      await #expect(processExitsWith: .success) {
        let mbufs = Zone(name: "mbuf", itemByteCount: 256)
        mbufs.limitInItems = 1
        Witness.isOn = false
        Witness.waitPolicy = .denyEvery
        let item = unsafe HeldItem(try mbufs.allocate(.wait()))
        do throws(ZoneError) {
          _ = unsafe try mbufs.allocate(.wait())
          preconditionFailure("an item beyond the limit")
        } catch {
          precondition(error.reason == .limitReached, "\(error)")
        }
        precondition(Witness.reports().isEmpty)
        mbufs.give(item)
      }
    }
  }
}
