// SPDX-License-Identifier: BSD-2-Clause

/// A record as it leaves a socket buffer: who it is from, what came with it, and what it says.
///
/// The parts may be taken one by one. One that the record did not have is nil.
///
/// BSD: a record of `struct sockbuf`: MT_SONAME, MT_CONTROL, MT_DATA or MT_OOBDATA.
@frozen
public struct Record: ~Copyable, Sendable {
  /// The bytes of the sender's address.
  public var address: Packet?
  /// Control information.
  public var control: Packet?
  /// The bytes, in or out of band, with the header of the packet that they came in if it is there
  /// still.
  public var data: Packet?

  /// Puts the parts together.
  @inlinable
  public init(address: consuming Packet?, control: consuming Packet?, data: consuming Packet?) {
    self.address = address
    self.control = control
    self.data = data
  }
}
