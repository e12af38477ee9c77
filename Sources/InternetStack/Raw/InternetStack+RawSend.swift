// SPDX-License-Identifier: BSD-2-Clause
public import Mbufs
public import Wire

extension InternetStack {
  /// Sends any protocol: puts an IP header in front of the payload and queues the packet.
  ///
  /// The payload holds its own checksum, where its protocol has one.
  ///
  /// - Parameters:
  ///   - payload: what stands behind the IP header.
  ///   - protocol: what the header calls it.
  ///   - destination: to whom.
  ///   - source: an address of the stack; left out it is the one nearest the destination.
  /// - Throws: `SendError`; the payload is gone and nothing is queued.
  ///
  /// BSD: `rip_output`, `rip6_output`.
  public mutating func send(
    _ payload: consuming Packet, protocol: IPProtocol, to destination: IPAddress,
    source: IPAddress? = nil
  ) throws(SendError) {
    do throws(SendError) {
      guard let path = path(to: destination, on: nil) else { throw .noRoute(destination) }
      if let source, !policy.acceptsAnyDestination, !addresses.contains(source) {
        throw .notLocal(source)
      }
      guard let local = source ?? self.source(for: destination, on: path) else {
        throw noSource(destination)
      }
      try ipOutput(
        payload, `protocol`, from: local, to: destination, path,
        Transmission(timeToLive: policy.timeToLive))
      statistics.sent += 1
    } catch {
      statistics.refused += 1
      throw error
    }
    if !looped.isEmpty { takeLooped() }
  }

  /// Sends any protocol over IPv4.
  ///
  /// - Throws: `SendError`; the payload is gone and nothing is queued.
  public mutating func send(
    _ payload: consuming Packet, protocol: IPProtocol, to destination: IPv4Address,
    source: IPv4Address? = nil
  ) throws(SendError) {
    try send(
      payload, protocol: `protocol`, to: .v4(destination), source: source.map { .v4($0) })
  }
}
