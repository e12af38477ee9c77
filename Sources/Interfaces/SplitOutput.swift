// SPDX-License-Identifier: BSD-2-Clause

/// Two outputs, one for what clients sent and one for what servers sent.
public struct SplitOutput: PacketOutput {
  private let client: any PacketOutput
  private let server: any PacketOutput
  private let rule: SideRule

  /// Puts two outputs together, and tells sides by a rule.
  public init(client: any PacketOutput, server: any PacketOutput, by rule: SideRule) {
    self.client = client
    self.server = server
    self.rule = rule
  }

  /// Refuses what either would refuse.
  public func check() throws(InterfaceError) {
    try client.check()
    try server.check()
  }

  /// What is true of packets at both.
  public func traits() throws(InterfaceError) -> LinkTraits {
    try client.traits().common(with: try server.traits())
  }

  /// Opens both.
  ///
  /// - Throws: `InterfaceError` as either does.
  public func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
    SplitSink(client: try client.open(traits), server: try server.open(traits), by: rule)
  }

  /// Packets that left by both; nil if either is not counted.
  public func confirmedPacketCount() -> Int? {
    guard let first = client.confirmedPacketCount(), let second = server.confirmedPacketCount()
    else { return nil }
    return first + second
  }
}
