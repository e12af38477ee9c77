// SPDX-License-Identifier: BSD-2-Clause
package import Interfaces
package import Pcap

/// Has captures read by libpcap, as it reads them: `mbuma replay --engine libpcap`.
package struct LibpcapEngine: CaptureEngine {
  package init() {}

  package func open(
    _ path: String, selecting selection: (any FrameSelection)?, noting journal: BlockJournal?,
    unless check: (FileIdentity) throws(PcapError) -> Void
  ) throws(PcapError) -> any PacketSource & ~Copyable {
    var reader = try LibpcapReader(path: path, filter: selection?.expression)
    try check(reader.identity)
    reader.stopWaiting()
    return reader
  }
}
