// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces

#if os(Linux)
  import Synchronization

  /// An interface of this host as the output of a replay, with the kernel's own count of what left.
  public final class LinkOutput: PacketOutput {
    /// How frames are sent, or received.
    public enum Method: Sendable {
      /// By packet(7): any interface and any length.
      case packet
      /// By AF_XDP: Ethernet, frames up to 2 KiB, and about twice as many sent a second.
      case xdp
    }

    /// The interface's name.
    public let name: String
    /// How frames are sent.
    public let method: Method
    /// The interface at which what was sent is heard, to prove that it arrived; nil for none.
    public let farEnd: String?
    private let box = VerificationBox()
    /// Packets that the interface had sent when it was opened.
    private let countBefore = Mutex<Int?>(nil)

    /// Names an interface; it is opened when there is something to send.
    ///
    /// - Parameters:
    ///   - name: the interface's.
    ///   - method: how frames are sent.
    ///   - farEnd: the interface at the other end of its link, if that is on this host as well and
    ///     shall prove what arrives.
    public init(_ name: String, by method: Method = .packet, heardOn farEnd: String? = nil) {
      self.name = name
      self.method = method
      self.farEnd = farEnd
    }

    /// Opens the interface.
    ///
    /// - Throws: `InterfaceError`; of kind `.wrongLinkType` if frames of the source cannot be the
    ///   interface's.
    public func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
      let before = try InterfaceStatistics(ofKernelInterface: name).output.packets
      countBefore.withLock { $0 = before }
      switch method {
      case .packet:
        let socket = try PacketSocket(name, .sending)
        try socket.traits.check(source: traits, at: name)
        guard let farEnd else { return socket }
        return try VerifiedLink(socket, heardOn: farEnd, into: box)
      case .xdp:
        let socket = try XDPSocket(name)
        try socket.traits.check(source: traits, at: name)
        guard let farEnd else { return socket }
        return try VerifiedLink(socket, heardOn: farEnd, into: box)
      }
    }

    /// Link type and MTU of the interface; needs no permission.
    public func traits() throws(InterfaceError) -> LinkTraits {
      try LinkTraits(ofKernelInterface: name)
    }

    /// What was heard at the far end.
    public func linkVerification() -> LinkVerification? { box.found.withLock { $0 } }

    /// Packets that the interface has sent since it was opened, whoever sent them.
    public func confirmedPacketCount() -> Int? {
      guard let before = countBefore.withLock({ $0 }),
        let now = try? InterfaceStatistics(ofKernelInterface: name)
      else { return nil }
      return now.output.packets - before
    }
  }
#endif
