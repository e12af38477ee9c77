// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
import Wire

#if os(Linux)
  /// This host's raw sockets as the output of a replay: IPv4 and IPv6 packets, without a link header, that
  /// leave by the host's own routes.
  public struct RawOutput: PacketOutput {
    /// Names them; they are opened when there is something to send.
    public init() {}

    /// Raw IP; the MTU is each route's.
    public func traits() -> LinkTraits { LinkTraits(linkType: .raw) }

    /// Opens the sockets.
    ///
    /// - Throws: `InterfaceError`; of kind `.wrongLinkType` if the source's packets have a link header.
    public func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
      try self.traits().check(source: traits, at: "the raw socket")
      return try RawSink()
    }
  }
#endif
