// SPDX-License-Identifier: BSD-2-Clause
import Testing
import UMA

@testable import Mbufs

/// Raw IP output over a real pool, in processes of their own: the lock checker is one for each.
@Suite struct WaitUnderLockTests {
  /// A raw socket that puts the IP header in front of each payload under its lock.
  final class RawIP {
    enum Header { case awaited, atHand }

    let pool: MbufPool
    let lock = WitnessedLock(0, class: LockClass("rawinp"))
    let header: Header
    private(set) var output = PacketQueue()
    private(set) var drops = 0

    init(mbufLimit: Int, header: Header) {
      pool = MbufPool(mbufLimit: mbufLimit)
      self.header = header
    }

    /// BSD: `rip_output`, which came to `M_PREPEND` with `M_WAITOK` and the lock held.
    func send() throws {
      // Full to the last byte, so that the header needs an mbuf of its own.
      var packet = try pool.smallPacket()
      try packet.appendZeroes(packet.tailroom)
      do throws(MbufError) {
        try lock.withLock(file: "Net/RawIP.swift", line: 287) { _ throws(MbufError) in
          if header == .awaited { try awaitMbuf() }
          try packet.prepend(20)
        }
        output.enqueue(packet)
      } catch {
        drops += 1
      }
    }

    /// What a prepend that may wait does first.
    private func awaitMbuf() throws(MbufError) {
      do throws(ZoneError) {
        let zone = pool.core.zones.mbufs
        let item = unsafe try zone.allocateItem(.wait(), file: "Net/RawIP.swift", line: 303)
        unsafe zone.freeItem(item)
      } catch {
        throw .exhausted(error)
      }
    }
  }

  private func text(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  /// With five mbufs, the third header would wait for one that only this thread could free.
  @Test func aPrependThatMayWait() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      Witness.isOn = true
      Witness.reaction = .report
      Witness.waitPolicy = .denyUnderLock
      let socket = RawIP(mbufLimit: 5, header: .awaited)
      for _ in 0..<4 { try socket.send() }
      precondition(socket.output.packetCount == 2 && socket.drops == 2)
      precondition(Witness.reports().map(\.count) == [4])
    }
    #expect(
      text(result).contains(
        """
        waiting allocation with locks held:
         zone mbuf @ Net/RawIP.swift:303
        held:
         rawinp @ Net/RawIP.swift:287

        """))
  }

  /// The pool's own operations never wait, so under any lock they are denied and not reported.
  @Test func aPrependOfThePool() async {
    await #expect(processExitsWith: .success) {
      Witness.isOn = true
      Witness.reaction = .trap
      let socket = RawIP(mbufLimit: 5, header: .atHand)
      for _ in 0..<4 { try socket.send() }
      precondition(socket.output.packetCount == 2 && socket.drops == 2)
      precondition(Witness.reports().isEmpty)
    }
  }

  /// The other half of raw IP's trouble: the table of sockets and a socket, locked both ways.
  @Test func outputAndInputLockBothWays() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      Witness.isOn = true
      Witness.reaction = .report
      let table = WitnessedLock(0, class: LockClass("rawinp"))
      let socket = WitnessedLock(0, class: LockClass("inp"))
      table.withLock(file: "Net/RawIP.swift", line: 160) { _ in
        socket.withLock(file: "Net/RawIP.swift", line: 174) { _ in }
      }
      socket.withLock(file: "Net/RawIP.swift", line: 280) { _ in
        table.withLock(file: "Net/RawIP.swift", line: 287) { _ in }
      }
    }
    #expect(
      text(result).contains(
        """
        lock order reversal:
         1st inp @ Net/RawIP.swift:280
         2nd rawinp @ Net/RawIP.swift:287
        seen before:
         1st rawinp @ Net/RawIP.swift:160
         2nd inp @ Net/RawIP.swift:174

        """))
  }
}
