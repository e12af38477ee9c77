// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
import Mbufs
import Wire

#if os(Linux)
  import CLinux
  import Synchronization

  /// A TUN or TAP device as the output of a replay: the packets come to this host's stack as if from a
  /// link of that name.
  ///
  /// A device that is not there is made, set up, and gone at the end. One that is there, from
  /// `ip tuntap add`, is taken as it is and stays.
  public final class TunOutput: PacketOutput {
    /// The device's name.
    public let name: String
    /// What it carries.
    public let kind: TunDevice.Kind
    /// Packets that the host has taken from the device since it was opened.
    private let taken = Mutex<Int?>(nil)

    /// Names a device; it is opened when there is something to send.
    public init(_ name: String, _ kind: TunDevice.Kind) {
      self.name = name
      self.kind = kind
    }

    /// Opens the device.
    ///
    /// - Throws: `InterfaceError` as `TunDevice` does; of kind `.wrongLinkType` if packets of the
    ///   source are not what the device carries.
    public func open(_ traits: LinkTraits) throws(InterfaceError) -> any PacketSink & ~Copyable {
      let isNew = unsafe mbuma_interface_mtu(name) < 0
      let device = try TunDevice(name, kind)
      try device.traits.check(source: traits, at: name)
      if isNew, unsafe !mbuma_interface_set_up(device.name) {
        throw InterfaceError(SystemError("set \(name) up", needing: "cap_net_admin"))
      }
      let before = try InterfaceStatistics(ofKernelInterface: device.name).input.packets
      taken.withLock { $0 = 0 }
      return TunSink(device: device, output: self, countBefore: before)
    }

    /// What the device carries; the host takes packets of any length from it, whatever its MTU.
    public func traits() -> LinkTraits { LinkTraits(linkType: kind == .tap ? .ethernet : .raw) }

    /// Packets that the host has taken, as it counts them.
    public func confirmedPacketCount() -> Int? { taken.withLock { $0 } }

    fileprivate func note(taken count: Int?) { taken.withLock { $0 = count } }
  }

  /// A device that tells its output what the host has taken, before it is gone.
  private struct TunSink: PacketSink, ~Copyable {
    var device: TunDevice
    let output: TunOutput
    let countBefore: Int

    var traits: LinkTraits { LinkTraits(linkType: device.traits.linkType) }
    var statistics: InterfaceStatistics { device.statistics }
    var descriptor: Int32? { device.descriptor }

    mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      try device.transmit(&packets, due: due)
    }

    func finish() throws(InterfaceError) {
      let now = try? InterfaceStatistics(ofKernelInterface: device.name).input.packets
      output.note(taken: now.map { $0 - countBefore })
    }
  }
#endif
