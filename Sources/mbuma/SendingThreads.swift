// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces

/// How many threads send, beside the one that reads: 1, 2, 4 or 8, each with a part of the flows.
struct SendingThreads: ExpressibleByArgument, Equatable {
  /// How often flows are halved: 2^halvings threads.
  private let halvings: Int

  init?(argument: String) {
    guard let halvings = ["1", "2", "4", "8"].firstIndex(of: argument) else { return nil }
    self.halvings = halvings
  }

  /// Whether packets of different flows may change places.
  var areSeveral: Bool { halvings > 0 }

  /// An output opened by each thread, which sends its own flows.
  func output(_ output: any PacketOutput) -> any PacketOutput { Self.halved(output, halvings) }

  private static func halved(_ output: any PacketOutput, _ times: Int) -> any PacketOutput {
    if times == 0 { return ThreadedOutput(output) }
    let half = halved(output, times - 1)
    return CommonOutput(output, SplitOutput(client: half, server: half, by: .flows(bit: times)))
  }
}

/// One output that several sinks share: what it counts is theirs together.
private struct CommonOutput: PacketOutput {
  private let shared: any PacketOutput
  private let opening: any PacketOutput

  init(_ shared: any PacketOutput, _ opening: any PacketOutput) {
    self.shared = shared
    self.opening = opening
  }

  func check() throws(InterfaceError) { try shared.check() }
  func traits() throws(InterfaceError) -> LinkTraits { try shared.traits() }
  func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
    try opening.open(traits)
  }
  func confirmedPacketCount() -> Int? { shared.confirmedPacketCount() }
}
