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
  /// The bytes, in or out of band, with the header of the packet that they came in.
  public var data: Packet?

  /// Puts the parts together.
  @inlinable
  public init(address: consuming Packet?, control: consuming Packet?, data: consuming Packet?) {
    self.address = address
    self.control = control
    self.data = data
  }
}

extension Packet {
  /// Whether a record ends with this packet.
  ///
  /// It stays with the bytes: in a socket buffer, what is appended behind them is another record.
  ///
  /// BSD: M_EOR on an mbuf of it, MSG_EOR.
  public var endsRecord: Bool {
    get {
      var mbuf: Mbuf? = head
      while let here = mbuf {
        if here.flags.contains(.endOfRecord) { return true }
        mbuf = here.next
      }
      return false
    }
    set {
      var last = head
      last.flags.remove(.endOfRecord)
      while let next = last.next {
        next.flags.remove(.endOfRecord)
        last = next
      }
      if newValue { last.flags.insert(.endOfRecord) }
    }
  }
}
