// SPDX-License-Identifier: BSD-2-Clause

import TestSupport

@testable import Mbufs

/// One call while it is run: its chains, what it threw, what is to be compared.
final class CallRun {
  let vector: VectorCase
  let bench: VectorBench
  private(set) var a: TestChain
  private(set) var b: TestChain?
  /// Chains that the call made; they are checked and freed with the rest.
  private var made: [TestChain] = []
  private(set) var found: [String: JSON] = [:]
  private(set) var error: MbufError?
  private(set) var attemptCount = 0
  /// Whether the call would trap here, so that it is not made, or made with less.
  private(set) var isRefused = false
  /// What the original's own rules give, where a runner spells them out.
  var account: JSON?

  /// - Throws: if the chains cannot be built.
  init(_ vector: VectorCase, _ bench: VectorBench) throws {
    self.vector = vector
    self.bench = bench
    a =
      try vector.a.map(bench.build)
      ?? TestChain(
        plain: MbufChain(), model: ChainModel(), pool: bench.pool)
    b = try vector.b.map(bench.build)
  }

  /// A numeric argument.
  func int(_ name: String) throws -> Int {
    guard let value = vector.arguments[name]?.int else { throw Failure("no argument \(name)") }
    return value
  }

  /// The bytes that the call is given: `len` of them from seed `s`.
  func bytes() throws -> [UInt8] { try BytePattern.bytes(int("len"), seed: int("s")) }

  /// Makes the call, its allocations failing as the case says.
  func call(_ body: () throws(MbufError) -> Void) {
    attemptCount += bench.failing(vector.failing) {
      do throws(MbufError) { try body() } catch { self.error = error }
    }
  }

  /// Notes a call that would trap here, and says so.
  func refuses(unless isAllowed: Bool) -> Bool {
    if !isAllowed { isRefused = true }
    return !isAllowed
  }

  /// Makes a call that gives a chain, and reports it as `r`.
  func make(_ body: () throws(MbufError) -> TestChain?) -> TestChain? {
    var result: TestChain?
    call { () throws(MbufError) in result = try body() }
    if let result { made.append(result) }
    report("r", result)
    return result
  }

  // MARK: What is compared

  func report(_ key: String, _ value: JSON) { found[key] = value }

  /// Reports a chain; nil is none, and then the input was not freed.
  func report(_ key: String, _ chain: TestChain?) {
    found[key] = chain?.found.json ?? .null
    if chain == nil, key == "r" { found["freed"] = .bool(false) }
  }

  /// Reports `a` as the result of a call that gives nothing on failure.
  func reportChanged() { report("r", error == nil ? a : nil) }

  func report(_ key: String, bytes: [UInt8]) { found[key] = .object(ChainModel.describe(bytes)) }

  /// The call gave up, and the input was not freed.
  func reportGivenUp() {
    found["ok"] = .bool(false)
    found["freed"] = .bool(false)
  }

  /// The call had no input that could be freed.
  func reportNothing() { found["freed"] = nil }

  /// A chain that the call makes use of, to be checked and freed with the rest.
  func keep(_ chain: TestChain) -> TestChain {
    made.append(chain)
    return chain
  }

  /// A chain as a packet: itself, or with a header put on.
  func packet(in chain: TestChain) throws -> TestChain {
    guard var plain = chain.takePlain() else { return chain }
    guard let packet = try plain.takePacket() else { throw Failure("no mbuf for a header") }
    chain.put(packet)
    chain.model.hasHeader = true
    return chain
  }

  /// The input was released by the call.
  func reportFreed() { found["freed"] = .bool(true) }

  /// Throws if a chain does not hold what it should: what it did before, after a failure.
  func check() throws {
    try a.check()
    try b?.check()
    for chain in made { try chain.check() }
    try bench.checkOutside()
  }

  /// Lets go of all chains.
  func end() {
    a = TestChain(plain: MbufChain(), model: ChainModel(), pool: bench.pool)
    b = nil
    made = []
  }
}
