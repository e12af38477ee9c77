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

    /// What a capture of a busy link needs: 16 MiB at an MTU of 1,500.
    public static var defaultSlotCount: Int { 8_192 }

    /// Names an interface; it is opened when its packets are wanted.
    public init(
      _ interface: String, slotCount: Int = Self.defaultSlotCount, isPromiscuous: Bool = true
    ) {
      self.interface = interface
      self.slotCount = slotCount
      self.isPromiscuous = isPromiscuous
    }

    /// As it is written where a file may stand: "link:eth0".
    public var name: String { "link:\(interface)" }

    /// Opens the interface.
    ///
    /// - Throws: `InterfaceError` as `PacketSocket` does.
    public func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
      try PacketSocket(
        interface, .listening, slotCount: slotCount, isPromiscuous: isPromiscuous)
    }
  }
#endif
