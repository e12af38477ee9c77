// SPDX-License-Identifier: BSD-2-Clause
public import Interfaces
public import Mbufs
import Wire

extension CaptureWriter: PacketSink {
  /// The file's link type, which a pcapng has not, and unit of time; a frame may be as long as the snapshot length.
  public var traits: LinkTraits {
    LinkTraits(
      linkType: format == .pcap ? linkType : nil,
      timeUnitInNanoseconds: allowsLossyTime ? 1 : resolution.unitInNanoseconds)
  }

  /// Frames written; those that the system did not take in the end are errors.
  public var statistics: InterfaceStatistics {
    var statistics = InterfaceStatistics()
    statistics.output.packets = packetCount
    statistics.output.bytes = byteCount
    statistics.output.errors = lostCount
    return statistics
  }

  /// Writes packets with their times and wire lengths, whenever they are due.
  ///
  /// - Throws: `InterfaceError` of kind `.wrongLinkType`, `.tooLong`, `.unfit` for a time, or
  ///   `.system`, after which nothing more can be written.
  public mutating func transmit(_ packets: inout PacketQueue, due: Int64) throws(InterfaceError) {
    let type = linkType.rawValue
    while let packet = packets.dequeue() {
      do throws(InterfaceError) {
        if packet.header.linkType != type, format == .pcap { try check(packet) }
        do throws(PcapError) { try write(packet) } catch { throw InterfaceError(error) }
      } catch {
        packets.putBack(packet)
        throw error
      }
    }
  }

  /// Refuses a packet of another link type: a pcap has one for all of its frames.
  @inline(never)
  private func check(_ packet: borrowing Packet) throws(InterfaceError) {
    do throws(InterfaceError) {
      try traits.check(packet, at: path)
    } catch {
      guard case .wrongLinkType = error.kind else { throw error }
      throw InterfaceError(
        error.kind, error.what,
        advice: "a pcap has one link type: write a pcapng, --to file:NAME.pcapng, give all packets "
          + "one, by --dlt raw or --dlt enet, or leave the others out by a filter")
    }
  }

  /// Puts out what is gathered: the file is then a valid capture of every frame written.
  ///
  /// - Throws: `InterfaceError` of kind `.system`; what was not put out is lost and counted.
  public mutating func push() throws(InterfaceError) {
    do throws(PcapError) { try flush() } catch { throw InterfaceError(error) }
  }

  /// Puts out what is gathered and closes the file.
  ///
  /// - Throws: `InterfaceError` of kind `.system`; the file is closed all the same.
  public mutating func finish() throws(InterfaceError) {
    do throws(PcapError) { try close() } catch { throw InterfaceError(error) }
  }
}
