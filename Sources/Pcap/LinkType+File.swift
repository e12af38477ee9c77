// SPDX-License-Identifier: BSD-2-Clause
//
// Link types have one number in files (LINKTYPE) and another inside (DLT), which differ for five:
//
//     in a file   100  101  102  103  106
//     inside       11   12   15   16   19
//
// A file's number without one inside is taken as it stands. The word of a pcap header that has the
// number has more beside it:
//
//     | FCS, in 16 bits: 4 | reserved: 1 | FCS known: 1 | class: 10 | number: 16 |
//
// The class is part of the type: NetBSD's raw address families are 0x224 and the family.
//
// draft-ietf-opsawg-pcap, section 4; draft-ietf-opsawg-pcaplinktype; pcap-common.c of libpcap 1.10.

import Wire

extension LinkType {
  /// The type that a file's number stands for.
  init(inFile number: UInt32) {
    switch number {
    case 100: self.init(rawValue: 11)
    case 101: self.init(rawValue: 12)
    case 102: self.init(rawValue: 15)
    case 103: self.init(rawValue: 16)
    case 106: self.init(rawValue: 19)
    default: self.init(rawValue: number)
    }
  }

  /// The number that files have for the type; nil if there is none.
  package var inFile: UInt32? {
    switch rawValue {
    case 11: 100
    case 12: 101
    case 15: 102
    case 16: 103
    case 19: 106
    case 0...10, 50, 51, 99, 104, 105, 107...289: rawValue
    default: nil
    }
  }

  /// The most captured bytes of a frame that readers of captures take: 262,144 for nearly all.
  ///
  /// As in libpcap's `max_snaplen_for_dlt`, with the 128 MiB that its later versions have for
  /// USBPcap; a record that says more is taken for a corrupt one.
  package var frameByteLimit: Int {
    switch rawValue {
    // D-Bus, USBPcap.
    case 231, 249: 134_217_728
    // Elektrobit's high-speed capture and replay.
    case 279: 8_388_608
    default: 262_144
    }
  }
}
