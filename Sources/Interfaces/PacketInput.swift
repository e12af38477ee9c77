// SPDX-License-Identifier: BSD-2-Clause
//
// What makes sources and sinks, for a caller that opens them later, and perhaps more than once:
//
//     output.check()        before anything is touched
//     input.open()          once for each time that its packets are wanted
//     output.open(_:)       once, when the first input is open and its traits are known
//     output.confirmedPacketCount(), output.compare(…)     once, when the output is finished

/// Gives a source of the same packets each time: a file, for instance.
public protocol PacketInput: Sendable {
  /// What reports call it.
  var name: String { get }

  /// Opens a source at the first packet, which is idle where it would have to wait for more.
  ///
  /// - Throws: `InterfaceError`.
  func open() throws(InterfaceError) -> any PacketSource & ~Copyable
}

/// Makes a sink, and tells whether what went there is what came in.
public protocol PacketOutput: Sendable {
  /// Refuses to be opened if that would destroy what is to be read; by default does not.
  ///
  /// - Throws: `InterfaceError` of kind `.misuse`; nothing was opened.
  func check() throws(InterfaceError)

  /// What is true of packets there, found out without opening it; by default anything may go there.
  ///
  /// - Throws: `InterfaceError` if there is no such place.
  func traits() throws(InterfaceError) -> LinkTraits

  /// Makes the sink, for packets from a source with these traits.
  ///
  /// - Throws: `InterfaceError`.
  func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable

  /// Packets that left since the sink was made, as the system itself counts them.
  ///
  /// - Returns: nil, as by default, if nobody counts them.
  func confirmedPacketCount() -> Int?

  /// What the far end of the link heard of all that was sent, once the sink is finished.
  ///
  /// - Returns: nil, as by default, if nobody listens there.
  func linkVerification() -> LinkVerification?

  /// Reads the output, which is finished, and the inputs again and compares them.
  ///
  /// - Parameters:
  ///   - loopCount: how often the inputs were gone through, the last time perhaps not to the end.
  ///   - packetCount: packets that went to the sink.
  /// - Returns: nil, as by default, if they cannot be read again.
  /// - Throws: `InterfaceError` if the output cannot be opened.
  func compare(loopCount: Int, packetCount: Int) throws(InterfaceError) -> PacketComparison?
}

extension PacketOutput {
  /// Destroys nothing.
  public func check() throws(InterfaceError) {}

  /// Anything may go there.
  public func traits() throws(InterfaceError) -> LinkTraits { LinkTraits() }

  /// Nobody counts.
  public func confirmedPacketCount() -> Int? { nil }

  /// Nobody listens.
  public func linkVerification() -> LinkVerification? { nil }

  /// Cannot be read again.
  public func compare(loopCount: Int, packetCount: Int) -> PacketComparison? { nil }
}
