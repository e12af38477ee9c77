// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces

#if os(Linux)
  /// An interface of this host as an input, where a capture file may be one: what passes on its link
  /// from the moment it is opened, in either direction.
  ///
  /// It has no end: it gives packets until it is given up, or the interface goes down or away.
  public struct LinkInput: PacketInput {
    /// The interface's name.
    public let interface: String
    /// Frames that may wait to be received, a power of two.
    public let slotCount: Int
    /// Whether frames for others on the same link are taken too.
    public let isPromiscuous: Bool
    /// How frames are received.
    public let method: LinkOutput.Method

    /// What a capture of a busy link needs: 16 MiB at an MTU of 1,500.
    public static var defaultSlotCount: Int { 8_192 }

    /// Names an interface; it is opened when its packets are wanted.
    ///
    /// - Parameters:
    ///   - interface: its name.
    ///   - method: how frames are received. By AF_XDP they are those that arrive at the first queue,
    ///     and this host gets none of them.
    ///   - slotCount: frames that may wait to be received, a power of two.
    ///   - isPromiscuous: whether frames for others on the same link are taken too; by AF_XDP they are
    ///     if the interface is promiscuous already.
    public init(
      _ interface: String, by method: LinkOutput.Method = .packet,
      slotCount: Int = Self.defaultSlotCount, isPromiscuous: Bool = true
    ) {
      self.interface = interface
      self.method = method
      self.slotCount = slotCount
      self.isPromiscuous = isPromiscuous
    }

    /// As it is written where a file may stand: "link:eth0".
    public var name: String { "link:\(interface)" }

    /// Opens the interface.
    ///
    /// - Throws: `InterfaceError` as `PacketSocket` and `XDPSocket` do.
    public func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
      switch method {
      case .packet:
        try PacketSocket(
          interface, .listening, slotCount: slotCount, isPromiscuous: isPromiscuous)
      case .xdp: try XDPSocket(interface, .receiving, slotCount: slotCount)
      }
    }
  }
#endif
