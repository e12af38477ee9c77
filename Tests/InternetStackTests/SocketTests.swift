// SPDX-License-Identifier: BSD-2-Clause
import InternetStack
import Mbufs
import SocketBuffers
import Testing
import UMA
import Wire

@Suite struct SocketTests {
  @Test func theSameAddressAndPortAreBoundOnce() throws {
    var stack = makeStack()
    let first = try stack.bind(port: 7)
    _ = try stack.bind(port: 7, address: us)
    _ = try stack.bind(port: 8)
    expectError(.inUse(Endpoint(.any, 7))) { () throws(BindError) in _ = try stack.bind(port: 7) }
    expectError(.inUse(Endpoint(us, 7))) { () throws(BindError) in
      _ = try stack.bind(port: 7, address: us)
    }
    expectError(.notLocal(.v4(them))) { () throws(BindError) in
      _ = try stack.bind(port: 9, address: them)
    }
    stack.close(first)
    stack.checkInvariants()
    _ = try stack.bind(port: 7)
    stack.checkInvariants()
  }

  @Test func everySocketCanBeOpenedFoundAndClosedInAnyOrder() throws {
    let pool = MbufPool()
    var stack = makeStack { $0.socketLimit = 256 }
    var sockets: [SocketID] = []
    for index in 0..<256 {
      sockets.append(try stack.bind(port: index % 2 == 0 ? 0 : UInt16(index)))
    }
    expectError(.tooManySockets(limit: 256)) { () throws(BindError) in
      _ = try stack.bind(port: 7_000)
    }
    stack.checkInvariants()
    for step in 0..<sockets.count {
      // 101 is prime to 256, so this takes every socket once.
      let socket = sockets[step * 101 % 256]
      let port = stack.statistics(of: socket).local.port
      let datagram = TestDatagram(destinationPort: port)
      expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: nil)
      expectDatagram(&stack, socket, payload: datagram.payload)
      stack.close(socket)
      expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: .noSocket)
      stack.checkInvariants()
    }
    #expect(pool.outstanding == 0)
  }

  @Test func aSocketBoundToTheAddressComesBeforeOneBoundToAny() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let any = try stack.bind(port: 7)
    let exact = try stack.bind(port: 7, address: us)
    let rest = try stack.bindCatchAll()
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, exact, payload: TestDatagram().payload)
    let broadcast = TestDatagram(destination: .broadcast)
    expect(stack.input(try packet(pool, broadcast.bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, any, payload: broadcast.payload)
    let elsewhere = TestDatagram(destinationPort: 9)
    expect(stack.input(try packet(pool, elsewhere.bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, rest, payload: elsewhere.payload)
    stack.checkInvariants()
    stack.close(exact)
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: nil)
    expectDatagram(&stack, any, payload: TestDatagram().payload)
    stack.close(rest)
    expect(stack.input(try packet(pool, elsewhere.bytes), linkType: .raw), is: .noSocket)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aFullBufferDropsAndCounts() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let byteCount = TestDatagram().payload.count + 16
    let socket = try stack.bind(port: 7, limit: 3 * byteCount)
    for index in 0..<5 {
      expect(
        stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw),
        is: index < 3 ? nil : .fullSocketBuffer)
    }
    let figures = stack.statistics(of: socket)
    #expect(figures.drops == 2 && figures.recordCount == 3 && figures.byteCount == 3 * byteCount)
    #expect(stack.statistics.delivered == 3 && stack.statistics.dropped[.fullSocketBuffer] == 2)
    stack.checkInvariants()
    stack.close(socket)
    #expect(pool.outstanding == 0)
  }

  @Test(arguments: [10, 1_000])
  func rawSocketsGetTheWholeDatagramAndThePortStillGetsItsOwn(
    byteCount: Int
  ) throws {
    let pool = MbufPool()
    var stack = makeStack()
    let socket = try stack.bind(port: 7)
    let all = try stack.openRaw(protocol: nil)
    let udp = try stack.openRaw(protocol: .udp)
    let other = try stack.openRaw(protocol: IPProtocol(rawValue: 89))
    let datagram = TestDatagram(payload: [UInt8](repeating: 5, count: byteCount), padding: 3)
    expect(stack.input(try packet(pool, datagram.bytes), linkType: .raw), is: nil)
    let whole = Array(datagram.bytes.dropLast(3))
    for raw in [all, udp] {
      guard let copy = stack.receive(raw) else {
        Issue.record("no copy")
        continue
      }
      #expect(bytes(of: copy.packet) == whole)
      #expect(copy.source == Endpoint(them, 0) && copy.destination == Endpoint(us, 0))
    }
    if stack.receive(other) != nil { Issue.record("a copy of another protocol") }
    expectDatagram(&stack, socket, payload: datagram.payload)
    #expect(stack.statistics.delivered == 1 && stack.statistics.rawCopies == 2)
    // What UDP refuses is still delivered if a raw socket took it.
    let unbound = TestDatagram(destinationPort: 9)
    expect(stack.input(try packet(pool, unbound.bytes), linkType: .raw), is: nil)
    let ospf = TestDatagram(protocol: 89)
    expect(stack.input(try packet(pool, ospf.bytes), linkType: .raw), is: nil)
    #expect(stack.statistics(of: other).recordCount == 1)
    #expect(stack.statistics(of: udp).recordCount == 1)
    #expect(stack.statistics(of: all).recordCount == 2)
    stack.checkInvariants()
    for raw in [all, udp, other] { stack.close(raw) }
    expect(stack.input(try packet(pool, ospf.bytes), linkType: .raw), is: .noProtocol)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func aFullRawSocketIsAReasonOnlyIfNobodyElseTookTheDatagram() throws {
    let pool = MbufPool()
    var stack = makeStack()
    let raw = try stack.openRaw(protocol: nil, limit: 10)
    expect(stack.input(try packet(pool, TestDatagram().bytes), linkType: .raw), is: .noSocket)
    let ospf = TestDatagram(protocol: 89)
    expect(stack.input(try packet(pool, ospf.bytes), linkType: .raw), is: .fullSocketBuffer)
    #expect(stack.statistics(of: raw).drops == 2)
    stack.checkInvariants()
    #expect(pool.outstanding == 0)
  }

  @Test func asManySocketsAreOpenAsThePolicyAllowsOfAllKinds() throws {
    var stack = makeStack { $0.socketLimit = 3 }
    let port = try stack.bind(port: 7)
    _ = try stack.openRaw(protocol: .tcp)
    _ = try stack.bindCatchAll()
    expectError(.inUse(Endpoint(.any, 0))) { () throws(BindError) in
      stack.policy.socketLimit = 4
      _ = try stack.bindCatchAll()
    }
    stack.policy.socketLimit = 3
    expectError(.tooManySockets(limit: 3)) { () throws(BindError) in _ = try stack.bind(port: 8) }
    expectError(.tooManySockets(limit: 3)) { () throws(BindError) in
      _ = try stack.openRaw(protocol: nil)
    }
    expectError(.tooManySockets(limit: 3)) { () throws(BindError) in _ = try stack.bindCatchAll() }
    stack.close(port)
    _ = try stack.openRaw(protocol: nil)
    stack.checkInvariants()
  }

  @Test func aHandleNamesOneOpeningOfASocket() throws {
    var stack = makeStack()
    var handles = [try stack.bind(port: 7)]
    func expectOpen(_ count: Int, _ sourceLocation: SourceLocation = #_sourceLocation) {
      let areOpen = handles.map { stack.isOpen($0) }
      let expected = handles.indices.map { $0 >= handles.count - count }
      #expect(areOpen == expected, sourceLocation: sourceLocation)
    }
    expectOpen(1)
    stack.close(handles[0])
    expectOpen(0)
    handles.append(try stack.openRaw(protocol: nil))
    expectOpen(1)
    stack.close(handles[1])
    handles.append(try stack.bindCatchAll())
    expectOpen(1)
    #expect(Set(handles).count == 3)
    stack = makeStack()
    expectOpen(0)
  }

  @Test func aClosedSocketTrapsAlsoWhenItsSlotIsInUseAgain() async {
    await #expect(processExitsWith: .failure) {
      var stack = makeStack()
      let socket = try stack.bind(port: 7)
      stack.close(socket)
      _ = try stack.bind(port: 7)
      _ = stack.receive(socket)
    }
    await #expect(processExitsWith: .failure) {
      var stack = makeStack()
      let socket = try stack.bind(port: 7)
      stack.close(socket)
      stack.close(socket)
    }
  }
}

/// Expects a typed error of something that captures a stack, which `#expect(throws:)` cannot.
func expectError<Failure: Error & Equatable>(
  _ expected: Failure, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws(Failure) -> Void
) {
  do throws(Failure) {
    try body()
    Issue.record("no error, \(expected) expected", sourceLocation: sourceLocation)
  } catch {
    #expect(error == expected, sourceLocation: sourceLocation)
  }
}
