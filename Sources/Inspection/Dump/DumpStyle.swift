// SPDX-License-Identifier: BSD-2-Clause

/// How packets are shown: what tcpdump's letters choose.
public struct DumpStyle: Sendable {
  /// How the time of a packet is shown.
  public enum Time: Sendable, CaseIterable {
    /// The time of day: `13:57:12.311669`.
    case clock
    /// Not at all; `-t`.
    case none
    /// Seconds since 1970; `-tt`.
    case epoch
    /// Since the packet before it; `-ttt`.
    case delta
    /// Date and time of day; `-tttt`.
    case date
    /// Since the first packet; `-ttttt`.
    case sinceFirst
  }

  /// What of a packet's bytes is shown below its line.
  public enum Bytes: Sendable {
    /// Nothing.
    case none
    /// Hex; `-x`.
    case hex
    /// Hex and ASCII; `-X`.
    case hexAndText
  }

  /// How times are shown.
  public var time = Time.clock
  /// Digits behind the point of a second, 0...9.
  public var fractionDigits = 6
  /// Whether the number of the packet in the capture comes first; `-#`.
  public var showsNumber = false
  /// Whether the link header is shown; `-e`.
  public var showsLink = false
  /// Whether the fields of IP and the checksums are shown; `-v`.
  public var isVerbose = false
  /// Whether what is inside of tunnels is shown too; `--inner`.
  public var showsInner = false
  /// What of the bytes is shown.
  public var bytes = Bytes.none
  /// Whether the bytes shown begin with the link header; `-xx`, `-XX`.
  public var bytesHaveLink = false
  /// Seconds by which the clock is ahead of UTC at a moment, given in seconds since 1970.
  ///
  /// Asked once for each quarter of an hour of the capture, since no zone changes within one.
  public var zoneOffset: @Sendable (Int64) -> Int = { _ in 0 }

  /// tcpdump's own style: the time of day in UTC, no link header, no bytes.
  public init() {}
}
