// SPDX-License-Identifier: BSD-2-Clause
import Synchronization

/// What an mbuf holds.
///
/// BSD: `m_type` (MT_DATA, MT_SONAME, MT_CONTROL, MT_OOBDATA).
@frozen
public enum MbufType: UInt8, CaseIterable, Sendable {
  /// Packet data.
  case data = 1
  /// A tag of a packet.
  case tag = 3
  /// A socket address.
  case address = 8
  /// Control information.
  case control = 14
  /// Out-of-band data.
  case outOfBand = 15
}

extension MbufType {
  /// Whether it is what the sender wanted to say, in or out of band.
  var isPayload: Bool { self == .data || self == .outOfBand }
}

extension PoolCore {
  /// Counts mbufs of a type.
  ///
  /// BSD: `mbtypes`.
  func count(_ type: MbufType, _ change: Int) {
    switch type {
    case .data: break
    case .tag: unsafe at.pointee.tagCount.wrappingAdd(change, ordering: .relaxed)
    case .address: unsafe at.pointee.addressCount.wrappingAdd(change, ordering: .relaxed)
    case .control: unsafe at.pointee.controlCount.wrappingAdd(change, ordering: .relaxed)
    case .outOfBand: unsafe at.pointee.outOfBandCount.wrappingAdd(change, ordering: .relaxed)
    }
  }

  /// Mbufs that hold a type other than `.data`.
  func count(of type: MbufType) -> Int {
    switch type {
    case .data: 0
    case .tag: unsafe at.pointee.tagCount.load(ordering: .relaxed)
    case .address: unsafe at.pointee.addressCount.load(ordering: .relaxed)
    case .control: unsafe at.pointee.controlCount.load(ordering: .relaxed)
    case .outOfBand: unsafe at.pointee.outOfBandCount.load(ordering: .relaxed)
    }
  }
}
