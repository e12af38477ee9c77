// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import TestSupport
import Testing
import Wire

@testable import InternetStack

/// What the cache does, said in the plainest way: a dictionary, and every entry looked at every time.
private struct NeighbourModel {
  struct Entry {
    var state: Neighbour.State
    var link: MACAddress?
    var isRouter = false
    var tries = 0
    var until: Int64 = 0
    var deadline: Int64?
    var packets: [Int] = []
    /// How many were asked for before it.
    var age = 0
  }

  let packetLimitOfEntry = 3
  let packetLimit = 12
  var entries: [Int: Entry] = [:]
  private var askedCount = 0
  var held: Int { entries.values.reduce(0) { $0 + $1.packets.count } }
  var nextDeadline: Int64? { entries.values.compactMap(\.deadline).min() }

  func state(_ number: Int, _ now: Int64) -> Neighbour.State? {
    guard let entry = entries[number] else { return nil }
    return entry.state == .reachable && now >= entry.until ? .stale : entry.state
  }

  mutating func link(_ number: Int, _ now: Int64) -> MACAddress? {
    if state(number, now) == .stale {
      entries[number]?.state = .delay
      entries[number]?.deadline = now + 5 * second
    }
    return entries[number]?.link
  }

  mutating func hold(_ packet: Int, _ number: Int, _ now: Int64) -> HoldResult {
    if entries[number]?.state == .incomplete {
      entries[number]?.packets.append(packet)
      if entries[number, default: Entry(state: .failed)].packets.count > packetLimitOfEntry
        || held > packetLimit
      {
        entries[number]?.packets.removeFirst()
      }
      return .held(mustSolicit: false)
    }
    if let entry = entries[number], now < entry.until { return .refusedUnreachable }
    let waiting = entries.filter { $0.value.state == .incomplete }
    if held >= packetLimit,
      let oldest = waiting.min(by: { $0.value.age < $1.value.age })?.key
    {
      entries[oldest]?.packets.removeFirst()
      if entries[oldest]?.packets.isEmpty ?? false { entries[oldest] = nil }
    }
    askedCount += 1
    entries[number] = Entry(
      state: .incomplete, isRouter: entries[number]?.isRouter ?? false, tries: 1,
      deadline: now + second, packets: [packet], age: askedCount)
    return .held(mustSolicit: true)
  }

  /// The packets that go on, and whether the neighbour is reachable from now on.
  mutating func learn(
    _ number: Int, _ link: MACAddress?, _ now: Int64, _ evidence: NeighbourEvidence
  ) -> (packets: [Int], isConfirmed: Bool) {
    let isAdvertised: (solicited: Bool, override: Bool, router: Bool)?
    if case .advertisement(let solicited, let override, let router) = evidence {
      isAdvertised = (solicited, override, router)
    } else {
      isAdvertised = nil
    }
    guard var entry = entries[number] else {
      if evidence == .solicitation || evidence == .arpRequest(isForUs: true), link != nil {
        entries[number] = Entry(state: .stale, link: link)
      }
      return ([], false)
    }
    if entry.state == .permanent { return ([], false) }
    let isForUs = evidence == .arpReply(isForUs: true) || isAdvertised?.solicited == true
    guard let known = entry.link else {
      guard let link else { return ([], false) }
      let packets = entry.packets
      entries[number] = Entry(
        state: isForUs ? .reachable : .stale, link: link,
        isRouter: isAdvertised?.router ?? entry.isRouter)
      return (packets, isForUs)
    }
    let isOther = link != nil && link != known
    if let isAdvertised, isOther, !isAdvertised.override {
      if state(number, now) == .reachable { entries[number]?.state = .stale }
      return ([], false)
    }
    if let isAdvertised { entry.isRouter = isAdvertised.router }
    let isConfirmed = isForUs && (isAdvertised != nil || entry.state == .probe)
    if isOther || isConfirmed {
      entry.link = link ?? known
      entry.state = isConfirmed ? .reachable : .stale
      entry.deadline = nil
    }
    entries[number] = entry
    return ([], isConfirmed)
  }

  mutating func due(_ now: Int64) -> [ActionSeen] {
    var seen: [ActionSeen] = []
    for (number, entry) in entries where entry.deadline.map({ $0 <= now }) ?? false {
      var entry = entry
      let address = neighbour(number)
      if entry.state == .delay { (entry.state, entry.tries) = (.probe, 0) }
      if entry.tries < 3 {
        entry.tries += 1
        entry.deadline = now + second
        seen.append(ActionSeen(address: address, interface: 0, link: entry.link))
        entries[number] = entry
      } else {
        seen.append(ActionSeen(address: address, interface: 0, failed: entry.packets))
        entries[number] =
          entry.state == .probe
          ? nil : Entry(state: .failed, isRouter: entry.isRouter, until: now + second)
      }
    }
    return seen.sorted()
  }
}

@Suite struct NeighbourModelTests {
  @Test func aCacheDoesWhatADictionaryDoes() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      let make = NumberedPackets(pool: pool)
      var model = NeighbourModel()
      var cache = NeighbourCache(
        seed: random.next(), packetLimitOfEntry: model.packetLimitOfEntry,
        packetLimit: model.packetLimit)
      var now: Int64 = 0
      var seen: Set<Neighbour.State> = []
      for step in 0..<Steps.of(60_000) {
        let number = Int.random(in: 0..<12, using: &random)
        let who = neighbour(number)
        switch random.next() % 8 {
        case 0, 1:
          let link = model.link(number, now)
          expect(cache.linkAddress(for: who, on: 0, now: now), is: link)
          if link == nil {
            expect(
              cache.hold(try make(step), for: who, on: 0, now: now),
              is: model.hold(step, number, now))
          }
        case 2:
          let link = random.chance(80) ? station(number * 2 + Int(random.next() % 2)) : nil
          let evidence: NeighbourEvidence =
            switch random.next() % 4 {
            case 0: .arpRequest(isForUs: random.chance(50))
            case 1: .arpReply(isForUs: random.chance(50))
            case 2: .solicitation
            default:
              .advertisement(
                isSolicited: random.chance(50), isOverride: random.chance(50),
                isRouter: random.chance(50))
            }
          let (packets, isConfirmed) = model.learn(number, link, now, evidence)
          let released = cache.learn(who, on: 0, link: link, now: now, from: evidence)
          expect(numbers(released), is: packets)
          if isConfirmed { take(&model, number, cache, now) }
        case 3 where random.chance(20):
          cache.confirm(who, on: 0, now: now)
          if model.entries[number]?.link != nil, model.entries[number]?.state != .permanent {
            model.entries[number]?.state = .reachable
            model.entries[number]?.deadline = nil
            take(&model, number, cache, now)
          }
        case 4 where random.chance(5):
          expect(cache.forget(who, on: 0), is: model.entries[number] != nil)
          model.entries[number] = nil
        case 5 where random.chance(3):
          let packets = cache.setPermanent(who, on: 0, link: station(99), now: now)
          expect(numbers(packets), is: model.entries[number]?.packets ?? [])
          model.entries[number] = NeighbourModel.Entry(
            state: .permanent, link: station(99),
            isRouter: model.entries[number]?.isRouter ?? false)
        default:
          now += .random(in: 0...second, using: &random)
          expect(cache.nextDeadline, is: model.nextDeadline)
          expect(actions(&cache, now: now).sorted(), is: model.due(now))
        }
        for other in 0..<12 {
          let report = cache.report(for: neighbour(other), on: 0, now: now)
          let entry = model.entries[other]
          if let state = report?.state { seen.insert(state) }
          #expect(report?.state == model.state(other, now) && report?.link == entry?.link)
          #expect(report?.heldPacketCount == entry?.packets.count)
          #expect(report?.isRouter == entry?.isRouter, "step \(step), \(other)")
        }
        if step % 20 == 0 { cache.checkInvariants() }
      }
      #expect(seen.count == 7)
    }
  }

  /// The time for which an answer is believed is the cache's to choose, between its bounds.
  private func take(
    _ model: inout NeighbourModel, _ number: Int, _ cache: borrowing NeighbourCache, _ now: Int64
  ) {
    let until = cache.report(for: neighbour(number), on: 0, now: now)?.reachableUntil
    #expect((now + 15 * second...now + 45 * second).contains(until ?? now))
    model.entries[number]?.until = until ?? 0
  }

  @Test func aFullCacheKeepsItsBoundsWhateverComes() throws {
    var random = SeededRandom()
    try leakChecked { pool in
      let make = NumberedPackets(pool: pool)
      var cache = NeighbourCache(
        seed: random.next(), entryLimit: 6, packetLimitOfEntry: 2, packetLimit: 9)
      var now: Int64 = 0
      for step in 0..<Steps.of(50_000) {
        let who = neighbour(Int.random(in: 0..<40, using: &random))
        let on = UInt32.random(in: 0...1, using: &random)
        switch random.next() % 6 {
        case 0, 1, 2:
          if cache.linkAddress(for: who, on: on, now: now) == nil {
            _ = cache.hold(try make(step), for: who, on: on, now: now)
          }
        case 3:
          _ = cache.learn(who, on: on, link: station(step), now: now, from: .solicitation)
        case 4:
          _ = cache.learn(
            who, on: on, link: station(step), now: now,
            from: .advertisement(isSolicited: true, isOverride: true, isRouter: false))
        default:
          // Also backwards.
          now += .random(in: -second...2 * second, using: &random)
          _ = actions(&cache, now: now)
          if random.chance(1) { cache.forgetAll(on: on) }
        }
        cache.checkInvariants()
      }
      #expect(cache.statistics.evictions > 100 && cache.slotCount == 6)
      var count = 0
      cache.forEach(now: now) { _ in count += 1 }
      #expect(count == cache.entryCount)
    }
  }

  @Test func theSameInputGivesTheSameActions() throws {
    func run(_ pool: MbufPool) throws -> [ActionSeen] {
      let make = NumberedPackets(pool: pool)
      var random = SeededRandom(seed: 0x2a)
      var cache = NeighbourCache(seed: 7)
      var seen: [ActionSeen] = []
      for step in 0..<2_000 {
        let who = neighbour(Int.random(in: 0..<300, using: &random))
        let now = Int64(step) * 40_000_000
        if cache.linkAddress(for: who, on: 0, now: now) == nil {
          _ = cache.hold(try make(step), for: who, on: 0, now: now)
        }
        if random.chance(30) {
          _ = cache.learn(
            who, on: 0, link: station(1), now: now, from: .arpReply(isForUs: true))
        }
        seen += actions(&cache, now: now)
      }
      return seen
    }
    try leakChecked { pool in
      let first = try run(pool)
      let second = try run(pool)
      #expect(first == second && first.count > 500)
    }
  }
}
