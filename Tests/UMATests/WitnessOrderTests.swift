// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing

@testable import UMA

/// The graph of learned orders, against reachability worked out from scratch.
@Suite struct WitnessOrderTests {
  static let classes = (0..<12).map { LockClass("graph \($0)") }

  private func taken(_ number: Int, _ line: Int = 1) -> TakenLock {
    TakenLock(lockClass: Self.classes[number], site: CallSite("Module/File.swift", UInt(line)))
  }

  @Test func anOrderKeepsThePlacesThatShowedItFirst() {
    var orders = LockOrders()
    #expect(orders.learn(taken(0, 1), taken(1, 2)) == nil)
    #expect(orders.learn(taken(0, 3), taken(1, 4)) == nil)
    #expect(orders.all == [LockOrder(first: taken(0, 1), second: taken(1, 2))])
  }

  @Test func aShorterWayIsTheEvidence() {
    var orders = LockOrders()
    for (a, b) in [(0, 1), (1, 2), (2, 3), (0, 4), (4, 3)] {
      #expect(orders.learn(taken(a), taken(b)) == nil)
    }
    let path = orders.learn(taken(3), taken(0))
    #expect(path?.map(\.second.lockClass) == [4, 3].map { Self.classes[$0] })
  }

  @Test func randomOrdersNeverCloseACycle() {
    var random = SeededRandom()
    for _ in 0..<200 {
      var orders = LockOrders()
      let count = Self.classes.count
      var reaches = [[Bool]](repeating: [Bool](repeating: false, count: count), count: count)
      for _ in 0..<80 {
        let a = Int.random(in: 0..<count, using: &random)
        let b = Int.random(in: 0..<count, using: &random)
        if a == b { continue }
        let path = orders.learn(taken(a), taken(b))
        #expect((path != nil) == reaches[b][a])
        if let path {
          // The evidence is a way from the lock taken to the lock held.
          #expect(path.first?.first.lockClass == Self.classes[b])
          #expect(path.last?.second.lockClass == Self.classes[a])
          for (one, next) in zip(path, path.dropFirst()) {
            #expect(one.second.lockClass == next.first.lockClass)
          }
          continue
        }
        for from in 0..<count where from == a || reaches[from][a] {
          for to in 0..<count where to == b || reaches[b][to] { reaches[from][to] = true }
        }
      }
      #expect((0..<count).allSatisfy { !reaches[$0][$0] })
    }
  }

  // MARK: Classes

  @Test func equalNamesAreOneClass() {
    let a = LockClass("one class")
    #expect(a == LockClass("one class"))
    #expect(a != LockClass("another class"))
    #expect(a.name == "one class" && "\(a)" == "one class")
    #expect(!a.mayNest && LockClass.zone.mayNest)
    #expect(LockClass.zone == LockClass("zone", mayNest: true))
  }

  @Test func aClassIsDeclaredOneWay() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = LockClass("keg", mayNest: true)
      _ = LockClass("keg")
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(trap(text, says: "lock class keg: declared both with and without mayNest"))
  }
}
