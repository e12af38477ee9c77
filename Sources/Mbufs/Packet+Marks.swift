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

  /// Whether a record ends with the packet: the mark is on its last segment.
  ///
  /// BSD: `M_EOR`.
  public var endsRecord: Bool {
    get { head.last.flags.contains(.endOfRecord) }
    set {
      let last = head.last
      if newValue { last.flags.insert(.endOfRecord) } else { last.flags.remove(.endOfRecord) }
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
