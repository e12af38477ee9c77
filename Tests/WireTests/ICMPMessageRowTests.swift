// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct ICMPMessageRowTests {
  /// Rows stand in order, none twice, and only errors have an effect.
  func checkTable<MessageType: ICMPMessageType>(_ type: MessageType.Type) {
    let rows = MessageType.messages
    let places = rows.map { Int($0.type.rawValue) << 8 | Int($0.code ?? 0) }
    #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
    #expect(Set(rows.map(\.name)).count == rows.count)
    for row in rows {
      #expect(row.isError == row.type.isError)
      #expect(row.type.isError != row.type.isQuery)
      #expect(row.isError || row.effect == .none)
      #expect(row.type.message(code: row.code ?? 77) == row)
      #expect(row.type.effect(code: row.code ?? 77) == row.effect)
      #expect(row.code != nil || rows.count { $0.type == row.type } == 1)
    }
  }

  @Test func tablesAreInOrder() {
    checkTable(ICMPType.self)
    checkTable(ICMPv6Type.self)
  }

  @Test func effectsOfRFC1122() {
    typealias Code = ICMPType.UnreachableCode
    let table: [(UInt8, ICMPEffect)] = [
      (Code.net, .unreachable), (Code.host, .unreachable), (Code.protocol, .refused),
      (Code.port, .refused), (Code.fragmentationNeeded, .messageTooBig),
      (Code.sourceRouteFailed, .unreachable), (16, .none),
    ]
    for (code, effect) in table {
      #expect(ICMPType.unreachable.effect(code: code) == effect)
    }
    #expect(ICMPType.echo.effect(code: 0) == .none)
    #expect(ICMPType.sourceQuench.effect(code: 0) == .none)
    #expect(ICMPType(rawValue: 200).message(code: 0) == nil)
    #expect(ICMPv6Type.packetTooBig.effect(code: 9) == .messageTooBig)
    #expect(ICMPv6Type.unreachable.effect(code: ICMPv6Type.UnreachableCode.port) == .refused)
    #expect(ICMPv6Type.unreachable.effect(code: 7) == .none)
  }

  @Test func errorsAreNotAnsweredByErrors() {
    let errors = (0...255).map { ICMPType(rawValue: $0) }.filter(\.isError)
    #expect(errors.map(\.rawValue) == [3, 4, 5, 11, 12])
    let queries = (0...255).map { ICMPType(rawValue: $0) }.filter { !$0.forbidsErrors }
    #expect(queries.map(\.rawValue) == [0, 8, 9, 10, 13, 14, 15, 16, 17, 18])
    #expect(queries.allSatisfy { $0.isQuery })
    let forbidding = (0...255).map { ICMPv6Type(rawValue: $0) }.filter(\.forbidsErrors)
    #expect(forbidding.map(\.rawValue) == Array(0...127) + [137])
  }

  @Test func theRestByType() throws {
    let echo = [UInt8](hex: "08 00 0000 1234 0007")
    #expect(try ICMPHeader(echo.raw).identifier == 0x1234)
    #expect(try ICMPHeader(echo.raw).sequenceNumber == 7)
    let needed = ICMPHeader.Fields.fragmentationNeeded(nextMTU: 1400)
    #expect(needed.emitted() == [UInt8](hex: "03 04 0000 0000 0578"))
    #expect(try ICMPHeader(needed.emitted().raw).nextMTU == 1400)
    let problem = ICMPHeader.Fields.parameterProblem(pointer: 20)
    #expect(problem.emitted() == [UInt8](hex: "0c 00 0000 14 000000"))
    #expect(try ICMPHeader(problem.emitted().raw).parameterPointer == 20)
    let redirect = [UInt8](hex: "05 01 0000 c0000201")
    #expect(try ICMPHeader(redirect.raw).gateway == IPv4Address(192, 0, 2, 1))
    let big = ICMPv6Header.Fields.packetTooBig(nextMTU: 1280)
    #expect(big.emitted() == [UInt8](hex: "02 00 0000 00000500"))
    #expect(try ICMPv6Header(big.emitted().raw).nextMTU == 1280)
    let problem6 = ICMPv6Header.Fields.parameterProblem(code: 1, pointer: 40)
    #expect(problem6.emitted() == [UInt8](hex: "04 01 0000 00000028"))
    #expect(try ICMPv6Header(problem6.emitted().raw).parameterPointer == 40)
  }
}
