// SPDX-License-Identifier: BSD-2-Clause
import CUMA
import Testing

@testable import UMA

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is set for the whole process, each in a process of its own.
@Suite struct WitnessPolicyTests {
  private func text(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func aReportGoesToStandardError() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      Witness.isOn = true
      Witness.reaction = .report
      let (a, b) = (LockClass("a"), LockClass("b"))
      WitnessTests.take([a, b], line: 10)
      for _ in 0..<3 { WitnessTests.take([b, a], line: 20) }
    }
    let report = """
      lock order reversal:
       1st b @ Module/File.swift:20
       2nd a @ Module/File.swift:21
      seen before:
       1st a @ Module/File.swift:10
       2nd b @ Module/File.swift:11

      """
    #expect(text(result).contains(report))
    #expect(text(result).split(separator: "lock order reversal").count <= 2)
  }

  @Test func aReversalTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Witness.isOn = true
      Witness.reaction = .trap
      let (a, b) = (LockClass("a"), LockClass("b"))
      WitnessTests.take([a, b], line: 10)
      WitnessTests.take([b, a], line: 20)
      exit(0)
    }
    #expect(text(result).contains("lock order reversal:\n 1st b @ Module/File.swift:20\n"))
  }

  @Test func aWaitingAllocationTraps() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Witness.isOn = true
      Witness.reaction = .trap
      let lock = WitnessedLock(0, class: LockClass("rawinp"))
      // With nothing held it is none of the checker's business.
      _ = Witness.checkWaitingAllocation(zoneName: "mbuf")
      lock.withLock(file: "Module/File.swift", line: 1) { _ in
        _ = Witness.checkWaitingAllocation(zoneName: "mbuf", file: "Module/File.swift", line: 2)
      }
      exit(0)
    }
    #expect(
      text(result).contains(
        """
        waiting allocation with locks held:
         zone mbuf @ Module/File.swift:2
        held:
         rawinp @ Module/File.swift:1
        """))
  }

  @Test func whatTheEnvironmentAsksFor() async {
    await #expect(processExitsWith: .success) {
      func read(_ value: String) {
        Witness.isOn = false
        Witness.reaction = .report
        Witness.waitPolicy = .warn
        unsafe setenv("MBUMA_WITNESS", value, 1)
        mbuma_witness_read_environment()
      }
      read("1")
      precondition(Witness.isOn && Witness.reaction == .report && Witness.waitPolicy == .warn)
      read("trap")
      precondition(Witness.isOn && Witness.reaction == .trap)
      read("nowait")
      precondition(Witness.isOn && Witness.waitPolicy == .denyUnderLock)
      for value in ["", "0", "yes", "11"] {
        read(value)
        precondition(!Witness.isOn && Witness.reaction == .report && Witness.waitPolicy == .warn)
      }
    }
  }

  /// Each setting leaves the others as they are.
  @Test func settingsAreIndependent() async {
    await #expect(processExitsWith: .success) {
      Witness.isOn = false
      for isOn in [true, false] {
        for reaction in [Witness.Reaction.trap, .report] {
          for policy in [Witness.WaitPolicy.denyUnderLock, .denyEvery, .warn] {
            Witness.isOn = isOn
            Witness.reaction = reaction
            Witness.waitPolicy = policy
            precondition(Witness.isOn == isOn && Witness.reaction == reaction)
            precondition(Witness.waitPolicy == policy)
          }
        }
      }
    }
  }

  /// Who must not wait: with the checker off nobody knows, and then it is all or none.
  @Test func whichWaitsAreDenied() async {
    await #expect(processExitsWith: .success) {
      Witness.setHandler { _ in }
      Witness.reaction = .report
      let lock = WitnessedLock(0, class: LockClass("lock"))
      func denied() -> [Bool] {
        [
          Witness.checkWaitingAllocation(zoneName: "zone"),
          lock.withLock { _ in Witness.checkWaitingAllocation(zoneName: "zone") },
        ]
      }
      Witness.isOn = false
      for (policy, expected) in [
        (Witness.WaitPolicy.warn, [false, false]), (.denyUnderLock, [false, false]),
        (.denyEvery, [true, true]),
      ] {
        Witness.waitPolicy = policy
        precondition(denied() == expected, "off, \(policy)")
      }
      precondition(Witness.reports().isEmpty)
      Witness.isOn = true
      for (policy, expected) in [
        (Witness.WaitPolicy.warn, [false, false]), (.denyUnderLock, [false, true]),
        (.denyEvery, [true, true]),
      ] {
        Witness.waitPolicy = policy
        precondition(denied() == expected, "on, \(policy)")
      }
      precondition(Witness.reports().map(\.count) == [3])
    }
  }
}
