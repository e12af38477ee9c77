// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import TestSupport
import Testing
import Wire

@testable import InternetStack

/// What is believed of whom: RFC 4861 section 7.2.5 and appendix C, RFC 826.
@Suite struct NeighbourLearningTests {
  private static let who = neighbour(6)
  private static let old = station(1)
  private static let new = station(2)

  /// A cache with one neighbour in a state, sent to at second 100 at the latest.
  private static func cache(
    _ state: Neighbour.State?, _ pool: MbufPool
  ) throws(MbufError) -> NeighbourCache {
    var cache = NeighbourCache(seed: 1)
    guard let state else { return cache }
    if state == .incomplete || state == .failed {
      let now = state == .failed ? 97 * second : 100 * second
      _ = cache.hold(try NumberedPackets(pool: pool)(1), for: who, on: 0, now: now)
      for time in 98...100 as ClosedRange<Int64> where state == .failed {
        _ = actions(&cache, now: time * second)
      }
    } else {
      _ = cache.learn(who, on: 0, link: old, now: 90 * second, from: .solicitation)
      if state == .reachable { cache.confirm(who, on: 0, now: 100 * second) }
      if state == .delay { _ = cache.linkAddress(for: who, on: 0, now: 99 * second) }
      if state == .probe {
        _ = cache.linkAddress(for: who, on: 0, now: 95 * second)
        _ = actions(&cache, now: 100 * second)
      }
    }
    #expect(cache.report(for: who, on: 0, now: 100 * second)?.state == state)
    return cache
  }

  private static let known: [Neighbour.State] = [.reachable, .stale, .delay, .probe]

  /// A row of the table: what was, what comes, what is then.
  struct Row: Sendable {
    var states: [Neighbour.State]
    var isSolicited: [Bool] = [false, true]
    var isOverride: [Bool] = [false, true]
    /// Nil for an advertisement without a link address.
    var link: [MACAddress?]
    /// Nil for the state that was.
    var state: Neighbour.State?
    /// Nil for none.
    var linkAfter: MACAddress?
    var takesRouter = true
  }

  private static let rows = [
    // Appendix C, in its order.
    Row(states: [.incomplete, .failed], link: [nil], linkAfter: nil, takesRouter: false),
    Row(
      states: [.incomplete, .failed], isSolicited: [true], link: [new], state: .reachable,
      linkAfter: new),
    Row(
      states: [.incomplete, .failed], isSolicited: [false], link: [new], state: .stale,
      linkAfter: new),
    Row(
      states: known, isSolicited: [true], isOverride: [false], link: [old, nil],
      state: .reachable, linkAfter: old),
    Row(
      states: [.reachable], isOverride: [false], link: [new], state: .stale, linkAfter: old,
      takesRouter: false),
    Row(
      states: [.stale, .delay, .probe], isOverride: [false], link: [new], linkAfter: old,
      takesRouter: false),
    Row(
      states: known, isSolicited: [true], isOverride: [true], link: [old, nil],
      state: .reachable, linkAfter: old),
    Row(
      states: known, isSolicited: [true], isOverride: [true], link: [new], state: .reachable,
      linkAfter: new),
    Row(
      states: known, isSolicited: [false], isOverride: [false], link: [old, nil], linkAfter: old),
    Row(
      states: known, isSolicited: [false], isOverride: [true], link: [new], state: .stale,
      linkAfter: new),
    Row(states: known, isSolicited: [false], isOverride: [true], link: [old, nil], linkAfter: old),
  ]

  @Test func anAdvertisementDoesWhatTheTableOfRFC4861Says() throws {
    var cases = 0
    for row in Self.rows {
      for state in row.states {
        for isSolicited in row.isSolicited {
          for isOverride in row.isOverride {
            for link in row.link {
              for isRouter in [false, true] {
                cases += 1
                try leakChecked { pool in
                  var cache = try Self.cache(state, pool)
                  let released = cache.learn(
                    Self.who, on: 0, link: link, now: 100 * second,
                    from: .advertisement(
                      isSolicited: isSolicited, isOverride: isOverride, isRouter: isRouter))
                  let isAnswered = state == .incomplete && link != nil
                  expect(numbers(released), is: isAnswered ? [1] : [])
                  cache.checkInvariants()
                  let after = cache.report(for: Self.who, on: 0, now: 100 * second)
                  let comment: Comment = "\(state) \(isSolicited) \(isOverride) \(link as Any)"
                  #expect(after?.state == row.state ?? state, comment)
                  #expect(after?.link == row.linkAfter, comment)
                  #expect(after?.isRouter == (row.takesRouter && isRouter), comment)
                }
              }
            }
          }
        }
      }
    }
    // Every state but permanent, both flags, three link addresses (two where none is known), router.
    #expect(cases == 4 * 2 * 2 * 3 * 2 + 2 * 2 * 2 * 2 * 2)
  }

  @Test(arguments: [
    (NeighbourEvidence.arpRequest(isForUs: true), true), (.arpRequest(isForUs: false), false),
    (.arpReply(isForUs: true), false), (.arpReply(isForUs: false), false), (.solicitation, true),
    (.advertisement(isSolicited: true, isOverride: true, isRouter: false), false),
  ])
  func onlyWhoTalksToUsMakesAnEntry(evidence: NeighbourEvidence, isMade: Bool) {
    var cache = NeighbourCache(seed: 1)
    _ = cache.learn(Self.who, on: 0, link: Self.new, now: 0, from: evidence)
    cache.checkInvariants()
    #expect(cache.entryCount == (isMade ? 1 : 0))
    #expect(cache.statistics.ignored == (isMade ? 0 : 1))
    expect(cache.linkAddress(for: Self.who, on: 0, now: 0), is: isMade ? Self.new : nil)
  }

  /// What ARP and a solicitation do to a neighbour in a state; nil is the state that was.
  private static let others:
    [(NeighbourEvidence, Neighbour.State, MACAddress, Neighbour.State?, MACAddress)] = {
      var rows: [(NeighbourEvidence, Neighbour.State, MACAddress, Neighbour.State?, MACAddress)] =
        []
      let unasked: [NeighbourEvidence] = [
        .arpRequest(isForUs: true), .arpRequest(isForUs: false), .arpReply(isForUs: false),
        .solicitation,
      ]
      for evidence in unasked {
        for state in [.incomplete, .failed] as [Neighbour.State] {
          rows.append((evidence, state, new, .stale, new))
        }
        for state in known {
          rows.append((evidence, state, old, nil, old))
          rows.append((evidence, state, new, .stale, new))
        }
      }
      let reply = NeighbourEvidence.arpReply(isForUs: true)
      rows.append((reply, .incomplete, new, .reachable, new))
      rows.append((reply, .failed, new, .reachable, new))
      rows.append((reply, .probe, old, .reachable, old))
      rows.append((reply, .probe, new, .reachable, new))
      for state in [.reachable, .stale, .delay] as [Neighbour.State] {
        rows.append((reply, state, old, nil, old))
        rows.append((reply, state, new, .stale, new))
      }
      return rows
    }()

  @Test func arpAndSolicitationsDoWhatTheTableSays() throws {
    for (evidence, state, link, stateAfter, linkAfter) in Self.others {
      try leakChecked { pool in
        var cache = try Self.cache(state, pool)
        let released = cache.learn(
          Self.who, on: 0, link: link, now: 100 * second, from: evidence)
        expect(numbers(released), is: state == .incomplete ? [1] : [])
        cache.checkInvariants()
        let after = cache.report(for: Self.who, on: 0, now: 100 * second)
        #expect(after?.state == stateAfter ?? state, "\(evidence) \(state) \(link)")
        #expect(after?.link == linkAfter, "\(evidence) \(state) \(link)")
        #expect(
          cache.statistics.changes == (link != Self.old && Self.known.contains(state) ? 1 : 0))
      }
    }
  }

  @Test func nobodyIsBelievedWhoseLinkAddressIsAGroupsOrNone() throws {
    try leakChecked { pool in
      for link in [MACAddress.broadcast, MACAddress("01:00:5e:00:00:01"), MACAddress(0)] {
        var cache = try Self.cache(.incomplete, pool)
        let released = cache.learn(
          Self.who, on: 0, link: link, now: 100 * second, from: .arpReply(isForUs: true))
        expect(numbers(released), is: [])
        #expect(cache.statistics.ignored == 1)
        expect(cache.report(for: Self.who, on: 0, now: 0)?.state, is: .incomplete)
      }
    }
  }
}
