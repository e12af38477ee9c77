// SPDX-License-Identifier: BSD-2-Clause
import Testing
import Wire

@Suite struct NetworkOrderTests {
  @Test func mostSignificantByteFirst() {
    let bytes = [UInt8](0...31)
    let window = FixedBytes<16>(bytes.raw, at: 1)
    let (one, two, four) = (window.uint8(at: 0), window.uint16(at: 1), window.uint32(at: 3))
    let (eight, mac) = (window.uint64(at: 8), window.macAddress(at: 0))
    #expect(one == 1)
    #expect(two == 0x0203)
    #expect(four == 0x0405_0607)
    #expect(eight == 0x090a_0b0c_0d0e_0f10)
    #expect(mac == MACAddress(1, 2, 3, 4, 5, 6))
  }

  @Test func storesWhatLoadsRead() {
    let bytes = [UInt8](count: 16) {
      $0.store(0x0102 as UInt16, at: 1)
      $0.store(0x0304_0506 as UInt32, at: 3)
      $0.store(MACAddress(7, 8, 9, 10, 11, 12), at: 7)
    }
    #expect(bytes == [0xee, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xee, 0xee, 0xee])
  }

  @Test func aWindowBeyondTheBytesTraps() async {
    await #expect(processExitsWith: .failure) {
      let bytes: [UInt8] = [1, 2, 3]
      _ = FixedBytes<4>(bytes.raw, at: 0).uint8(at: 0)
    }
    await #expect(processExitsWith: .failure) {
      let bytes: [UInt8] = [1, 2, 3]
      _ = FixedBytes<2>(bytes.raw, at: 0).uint16(at: 1)
    }
    await #expect(processExitsWith: .failure) {
      let fields = UDPHeader.Fields(sourcePort: 1, destinationPort: 2, length: 8, checksum: 0)
      _ = [UInt8](count: 7) { fields.emit(into: &$0) }
    }
  }
}
