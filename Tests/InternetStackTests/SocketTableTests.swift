// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing
import Wire

@testable import InternetStack

@Suite struct SocketTableTests {
  @Test func aTableOfPortsDoesWhatADictionaryDoes() {
    var random = SeededRandom()
    var table = PortTable()
    var model: [PortTable.Key: UInt32] = [:]
    // Few addresses and ports, so that they collide and come again.
    let addresses = [IPv4Address.any, us, them, .broadcast]
    var most = 0
    for step in 0..<40_000 {
      let address = addresses[Int.random(in: 0..<addresses.count, using: &random)]
      let key = PortTable.Key(address, .random(in: 1...600, using: &random))
      // Grows for a while, then shrinks.
      let isGrowing = step / 5_000 % 2 == 0
      if model[key] == nil, isGrowing || random.chance(4) {
        table.insert(key, slot: UInt32(step))
        model[key] = UInt32(step)
      } else if model[key] != nil, !isGrowing || random.chance(4) {
        table.remove(key)
        model[key] = nil
      }
      most = max(most, model.count)
      #expect(table.slot(of: key) == model[key].map { Int($0) })
      if step % 500 == 0 {
        table.checkInvariants()
        for (key, slot) in model { #expect(table.slot(of: key) == Int(slot)) }
      }
    }
    #expect(table.count == model.count && most > 1_000)
  }

  /// Keys as hosts have them, and as they are worst.
  private static func keys(_ pattern: String, _ count: Int) -> [PortTable.Key] {
    var random = SeededRandom()
    return (0..<count).map { index in
      switch pattern {
      case "ports in a row": PortTable.Key(IPv4Address.any, UInt16(1_024 + index))
      case "every fourth port":
        PortTable.Key(IPv4Address.any, UInt16(truncatingIfNeeded: 4 * index + 3))
      case "one port of a row of addresses":
        PortTable.Key(IPv4Address(0x0a00_0001 + UInt32(index)), 53)
      case "one port of a row of networks":
        PortTable.Key(IPv4Address(UInt32(index) << 16 | 1), 53)
      case "ports by chance":
        PortTable.Key(us, UInt16(1 + (index * 25_717) % 65_535))
      default:
        PortTable.Key(
          IPv4Address(.random(in: 1 ... .max, using: &random)),
          .random(in: 1 ... .max, using: &random))
      }
    }
  }

  @Test(
    arguments: [
      "ports in a row", "every fourth port", "one port of a row of addresses",
      "one port of a row of networks", "ports by chance", "addresses and ports by chance",
    ], [10, 10_000])
  func aSearchIsAsShortWithTenThousandSocketsAsWithTen(pattern: String, count: Int) {
    var table = PortTable()
    let keys = Self.keys(pattern, count)
    for (slot, key) in keys.enumerated() { table.insert(key, slot: UInt32(slot)) }
    table.checkInvariants()
    let found = keys.map { table.probeCount(for: $0) }
    // Neighbours of what is bound, and ports that nobody has.
    var missing: [Int] = []
    for index in 0..<count {
      let nearby = PortTable.Key(IPv4Address.any, UInt16(truncatingIfNeeded: 4 * index + 1))
      let elsewhere = PortTable.Key(
        IPv4Address(203, 0, 113, 9), UInt16(truncatingIfNeeded: 7 * index + 1))
      for key in [nearby, elsewhere] where table.slot(of: key) == nil {
        missing.append(table.probeCount(for: key))
      }
    }
    // Half full, linear probing expects 1.5 and 2.5. With ten it is luck.
    if count > 10 {
      let mean = Double(found.reduce(0, +)) / Double(found.count)
      #expect(mean <= 1.6, "\(mean) entries for what is bound")
      let missed = Double(missing.reduce(0, +)) / Double(missing.count)
      #expect(missed <= 2.6, "\(missed) entries for what is not")
    }
    let longest = max(found.max() ?? 0, missing.max() ?? 0)
    #expect(longest <= 40, "\(longest) entries in one search")
  }

  @Test func tenThousandSocketsAreOpenedFoundAndClosed() throws {
    let pool = MbufPool()
    var stack = makeStack()
    var sockets: [SocketID] = []
    for index in 0..<10_000 {
      let address = index % 3 == 0 ? us : .any
      sockets.append(try stack.bind(port: UInt16(2_000 + index), address: address))
    }
    stack.checkInvariants()
    for index in stride(from: 0, to: 10_000, by: 61) {
      let datagram = TestDatagram(destinationPort: UInt16(2_000 + index))
      expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: nil)
      expectDatagram(&stack, sockets[index], payload: datagram.payload)
    }
    for (index, socket) in sockets.enumerated() where index % 2 == 0 { stack.close(socket) }
    stack.checkInvariants()
    for index in stride(from: 0, to: 10_000, by: 61) {
      let datagram = TestDatagram(destinationPort: UInt16(2_000 + index))
      expect(
        stack.input(try packet(pool, datagram.bytes), linkType: .raw),
        is: index % 2 == 0 ? .noSocket : nil)
    }
    #expect(stack.sockets.openCount == 5_000)
    for (index, socket) in sockets.enumerated() where index % 2 == 1 { stack.close(socket) }
    stack.checkInvariants()
    #expect(stack.sockets.openCount == 0 && pool.outstanding == 0)
  }

  @Test func socketsOfAllKindsComeAndGoAndASlotIsUsedAgain() throws {
    var random = SeededRandom()
    let pool = MbufPool()
    var stack = makeStack { $0.socketLimit = 40 }
    var open: [SocketID] = []
    var closed: Set<SocketID> = []
    for step in 0..<5_000 {
      if !open.isEmpty, random.chance(45) {
        let socket = open.remove(at: Int.random(in: 0..<open.count, using: &random))
        stack.close(socket)
        closed.insert(socket)
      } else {
        do throws(BindError) {
          switch Int.random(in: 0..<4, using: &random) {
          case 0: open.append(try stack.openRaw(protocol: random.chance(50) ? .udp : nil))
          case 1: open.append(try stack.bindCatchAll())
          default:
            open.append(try stack.bind(port: .random(in: 0...20, using: &random), limit: 500))
          }
        } catch {
          switch error {
          case .inUse, .tooManySockets: break
          case .notLocal, .noFreePort, .noRoute: Issue.record("\(error)")
          }
        }
      }
      stack.input(
        try packet(pool, TestDatagram(destinationPort: UInt16(step % 21)).bytes), linkType: .raw)
      if step % 50 == 0 { stack.checkInvariants() }
    }
    let areOpen = open.allSatisfy { stack.isOpen($0) }
    let areClosed = closed.allSatisfy { !stack.isOpen($0) }
    #expect(areOpen && areClosed && closed.count > 1_000)
    for socket in open { stack.close(socket) }
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aStackIsSmallUntilSocketsAreOpened() {
    #expect(MemoryLayout<InternetStack>.size <= 2_048)
  }
}
