// SPDX-License-Identifier: BSD-2-Clause

extension Packet {
  /// What the first segment holds; setting it sets that of every segment.
  ///
  /// The pool counts its mbufs by type.
  ///
  /// BSD: `m_chtype`, `MCHTYPE`.
  public var type: MbufType {
    @inlinable
    get { head.type }
    set {
      var mbuf: Mbuf? = head
      while let here = mbuf {
        here.type = newValue
        mbuf = here.next
      }
    }
  }

  /// Whether a record ends with this packet.
  ///
  /// It stays with the bytes: in a socket buffer, what is appended behind them is another record,
  /// unless it is appended as a stream, which goes on and drops the mark.
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

  /// Marks the storage of every segment as not to be written, for as long as it is a packet's.
  ///
  /// Shared copies made from now on have the mark; private copies do not.
  ///
  /// BSD: `M_RDONLY`.
  public mutating func markReadOnly() {
    var mbuf: Mbuf? = head
    while let here = mbuf {
      here.flags.insert(.readOnly)
      mbuf = here.next
    }
  }
}
