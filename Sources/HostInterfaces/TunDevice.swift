// SPDX-License-Identifier: BSD-2-Clause
//
// The far side of an interface that this process stands in for:
//
//     host's stack --> tun0 ==> receive      read straight into a cluster, readv with a spill behind
//     host's stack <-- tun0 <== transmit     writev out of the segments, nothing copied
//
// What the host sends faster than it is read waits in the device's own queue (txqueuelen), and is
// dropped and counted there when that is full. One packet moves by one system call; the device has
// no other way.
//
//     arrived == input.packets + input.drops

import CLinux
public import Interfaces
public import Mbufs
import Wire

#if os(Linux)
  import Glibc

  /// A TUN or TAP device: an interface of the host whose link is this process.
  ///
  /// It is down and has no address at first: `ip link set NAME up`, `ip addr add … dev NAME`. It is
  /// gone when the value ends, unless it was made to persist.
  ///
  /// Linux: Documentation/networking/tuntap. BSD: tun(4), tap(4).
  public struct TunDevice: PacketSource, PacketSink, ~Copyable {
    /// What the device carries.
    public enum Kind: Sendable {
      /// IP packets, without a link header.
      case tun
      /// Ethernet frames.
      case tap
    }

    /// The device's name.
    public let name: String
    /// Packets from the host and to it; those that the pool had no room for are drops.
    public private(set) var statistics = InterfaceStatistics()
    private let device: Int32
    private let linkType: LinkType
    private let batch = MessageBatch(slotCount: 1)
    private let filter: LinkFilter

    /// Bytes kept free in front of a packet from the host, for the headers of a tunnel.
    private static var headroom: Int { 128 }

    /// Makes a device, or takes one that is there and that nobody has.
    ///
    /// - Parameters:
    ///   - name: the device's; a pattern such as "tun%d" takes the first number that is free.
    ///   - kind: what it carries.
    /// - Throws: `InterfaceError` of kind `.system`; nothing stays open.
    public init(_ name: String, _ kind: Kind = .tun) throws(InterfaceError) {
      var made = [CChar](repeating: 0, count: 16)
      for (index, byte) in name.utf8.prefix(15).enumerated() {
        made[index] = CChar(bitPattern: byte)
      }
      device = name.utf8.count > 15 ? -1 : unsafe mbuma_tun_open(&made, kind == .tap)
      guard device >= 0 else {
        let code = name.utf8.count > 15 ? EINVAL : errno
        throw InterfaceError(
          SystemError("open the device \(name)", code, needing: "cap_net_admin"))
      }
      let bytes = made.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      self.name = String(decoding: bytes, as: UTF8.self)
      linkType = kind == .tap ? .ethernet : .raw
      filter = LinkFilter(
        LinkTraits(linkType: linkType), segmentLimit: MessageBatch.vectorsPerSlot)
    }

    deinit { close(device) }

    /// Raw IP or Ethernet; the MTU that the interface has now.
    public var traits: LinkTraits {
      let mtu = unsafe mbuma_interface_mtu(name)
      return LinkTraits(linkType: linkType, mtu: mtu > 0 ? Int(mtu) : .max)
    }

    /// The device; readable when the host has sent something.
    public var descriptor: Int32? { device }

    /// Waits until the host has sent something, or the device is gone.
    ///
    /// - Parameter milliseconds: the longest wait; 0 only looks, -1 waits forever.
    /// - Returns: whether there is something; false also when a signal came.
    public func wait(milliseconds: Int32) -> Bool {
      mbuma_wait_readable(device, milliseconds) > 0
    }

    /// Reads what the host sent, up to a limit.
    ///
    /// - Throws: `InterfaceError` of kind `.system`; nothing is lost.
    public mutating func receive(
      upTo packetLimit: Int, into queue: inout PacketQueue, from pool: MbufPool
    ) throws(InterfaceError) -> SourceState {
      precondition(packetLimit > 0, "\(packetLimit) packets wanted")
      var given = 0
      // The device tells no times; those that were waiting came a little earlier.
      let now = WallClock.now
      while given < packetLimit {
        guard var packet = try? pool.packet(headroom: Self.headroom) else {
          return given > 0 ? .more : try giveUpOne()
        }
        unsafe batch.describe(0, receivingInto: packet.unsafeTail())
        let count = batch.read(0, from: device)
        if count < 0 {
          let code = errno
          if code == EINTR { continue }
          // What else is wrong, the next call says again.
          if given > 0 { return code == EAGAIN ? .idle : .more }
          return try nothing(code)
        }
        given += 1
        if finish(&packet, count) {
          packet.timestampInNanoseconds = now
          statistics.input.count(bytes: packet.byteCount)
          queue.enqueue(packet)
        } else {
          statistics.input.drops += 1
        }
      }
      return .more
    }

    /// Takes what was read into the packet; false if memory was denied for what did not fit.
    private func finish(_ packet: inout Packet, _ count: Int) -> Bool {
      let inPlace = Swift.min(count, packet.tailroom)
      // The device has written that many bytes into the tail.
      unsafe packet.extend(by: inPlace)
      packet.linkType = linkType.rawValue
      return count == inPlace || (try? packet.append(batch.spill(0, count - inPlace))) != nil
    }

    /// Reads one packet to nowhere, so that an exhausted pool does not stall the host.
    private mutating func giveUpOne() throws(InterfaceError) -> SourceState {
      var byte: UInt8 = 0
      // The rest of a packet that is read in part is dropped by the device.
      if unsafe read(device, &byte, 1) < 0 { return try nothing(errno) }
      statistics.input.drops += 1
      return .more
    }

    private func nothing(_ code: Int32) throws(InterfaceError) -> SourceState {
      guard code == EAGAIN || code == EINTR else {
        throw InterfaceError(SystemError("receive from \(name)", code))
      }
      return .idle
    }

    /// Hands packets to the host's stack.
    ///
    /// - Parameters:
    ///   - packets: IP packets or Ethernet frames, as the device carries; those left were not taken.
    ///   - due: is not kept.
    /// - Throws: `InterfaceError`: `.wrongLinkType`, or `.unfit` (more segments than a call takes)
    ///   about the first packet left, `.down` if the interface is. A packet that the host finds no
    ///   sense in is counted as an error.
    public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
      let filter = filter
      while !packets.isEmpty {
        var isDescribed = false
        packets.forEach { packet in
          isDescribed = filter.passes(packet) && batch.describe(0, sending: packet)
          return false
        }
        if !isDescribed {
          if filter.prepare(&packets, upTo: 1) { continue }
          throw filter.refusal(ofFirst: packets, at: name)
        }
        let count = batch.write(0, to: device)
        let code = count < 0 ? errno : 0
        switch code {
        case 0: statistics.output.count(bytes: packets.dequeue()?.byteCount ?? 0)
        case EINTR: continue
        case EAGAIN, ENOBUFS, ENOMEM: return
        case EIO, EBADFD, EBADF, ENODEV: throw failure(code)
        default:
          _ = packets.dequeue()
          statistics.output.errors += 1
        }
      }
    }

    /// What an error number says of the device, which says EIO while it is down.
    @inline(never)
    private func failure(_ code: Int32) -> InterfaceError {
      InterfaceError(SystemError("send on \(name)", code == EIO ? ENETDOWN : code))
    }
  }
#endif
