// SPDX-License-Identifier: BSD-2-Clause

import Wire

extension DumpLine {
  /// The bytes, sixteen a line, as tcpdump has them.
  ///
  ///     <tab>0x0000:  4500 0038 7010 0000 4011 f2db 0a63 0102  E..8p...@....c..
  ///
  /// They begin with the link header or behind it and its tags, and end with the frame.
  mutating func writeBytes(_ frame: borrowing InspectedFrame, _ decoded: DecodedFrame) {
    let end = frame.bytes.byteCount
    // What is between the link header with its tags and the network is shown, as tcpdump does.
    let ahead =
      decoded.link == .ethernet
      ? EthernetHeader.byteCount + VLANTag.byteCount * decoded.vlanTagCount : decoded.networkOffset
    let start = style.bytesHaveLink ? 0 : Swift.min(decoded.networkOffset, ahead, end)
    for offset in stride(from: start, to: end, by: 16) {
      text.append("\t0x")
      text.append(hex: UInt64(offset - start), digits: 4)
      text.append(": ")
      let count = Swift.min(16, end - offset)
      for index in 0..<count {
        if index % 2 == 0 { text.append(UInt8(ascii: " ")) }
        let byte = FixedBytes<1>(frame.bytes, at: offset + index).uint8(at: 0)
        text.append(hex: UInt64(byte), digits: 2)
      }
      if style.bytes == .hexAndText {
        // A full line has eight groups of five characters.
        text.append(UInt8(ascii: " "), times: 41 - 2 * count - (count + 1) / 2)
        text.append(UInt8(ascii: " "))
        for index in 0..<count {
          let byte = FixedBytes<1>(frame.bytes, at: offset + index).uint8(at: 0)
          text.append(0x21...0x7e ~= byte ? byte : UInt8(ascii: "."))
        }
      }
      text.append(UInt8(ascii: "\n"))
    }
  }
}
