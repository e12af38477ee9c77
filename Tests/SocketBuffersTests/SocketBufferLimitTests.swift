// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import SocketBuffers
import TestSupport
import Testing

@Suite struct SocketBufferLimitTests {
  @Test func aBufferIsGivenLimitsUpToTheLargest() {
    var buffer = SocketBuffer()
    #expect(buffer.limit == 0 && buffer.space == 0)
    // 2 MiB * 2048 / 2304.
    #expect(buffer.largestLimit == 1_864_135)
    #expect(throws: Never.self) { try reserve(&buffer, 1_864_135) }
    #expect(buffer.limit == 1_864_135 && buffer.storageLimit == 2 << 20)
    #expect(throws: SocketError.limitTooLarge(wanted: 1_864_136, largest: 1_864_135)) {
      try reserve(&buffer, 1_864_136)
    }
    #expect(buffer.limit == 1_864_135)
    #expect(throws: Never.self) { try reserve(&buffer, 8_192) }
    #expect(buffer.storageLimit == 65_536 && buffer.space == 8_192)
    // In 2004 the largest was 256 KiB.
    #expect(SocketBuffer(largestStorageLimit: 256 << 10).largestLimit == 233_016)
  }

  private func reserve(_ buffer: inout SocketBuffer, _ limit: Int) throws(SocketError) {
    try buffer.reserve(limit: limit)
  }

  @Test func theLowWaterMarkComesDownWithTheLimit() throws {
    var buffer = SocketBuffer(limit: 4_096)
    #expect(buffer.lowWater == 1)
    buffer.lowWater = 2_048
    try buffer.reserve(limit: 1_000)
    #expect(buffer.lowWater == 1_000)
    try buffer.reserve(limit: 4_096)
    #expect(buffer.lowWater == 1_000)
  }

  @Test func bothBuffersOfASocketGetTheirLimitsOrNeither() throws {
    var receiving = SocketBuffer()
    var sending = SocketBuffer()
    var error: SocketError?
    do throws(SocketError) {
      try SocketBuffer.reserve(&receiving, limit: 1_000, &sending, limit: 2_000_000)
    } catch let thrown {
      error = thrown
    }
    #expect(error == .limitTooLarge(wanted: 2_000_000, largest: 1_864_135))
    #expect(receiving.limit == 0 && receiving.storageLimit == 0 && sending.limit == 0)
    try SocketBuffer.reserve(&receiving, limit: 8_192, &sending, limit: 4_096)
    #expect(receiving.lowWater == 1 && sending.lowWater == 2_048)
    sending = SocketBuffer()
    try SocketBuffer.reserve(&receiving, limit: 8_192, &sending, limit: 1_000)
    #expect(sending.lowWater == 1_000)
  }

  @Test func spaceIsTheTighterOfBothLimitsAndMayBeBelow0() throws {
    try leakChecked { pool in
      var buffer = SocketBuffer(limit: 1_000, storageLimit: 2_000)
      buffer.appendRecord(try packet(pool, 100))
      #expect(buffer.space == 900)
      buffer.appendRecord(try packet(pool, 200))
      // 256 + 2,304 bytes of storage.
      #expect(buffer.space == -560)
      #expect(buffer.isReadable && !buffer.isWritable)
      buffer.flush()
      #expect(!buffer.isReadable && buffer.isWritable)
      buffer.lowWater = 150
      buffer.appendRecord(try packet(pool, 100))
      #expect(!buffer.isReadable && buffer.isWritable)
      buffer.appendRecord(try packet(pool, 50))
      expect(buffer.isReadable, is: true)
      buffer.appendRecord(try packet(pool, 760))
      expect(buffer.isWritable, is: false)
    }
  }

  @Test func errorsHaveTheNumbersAndWordsOfTheSystem() {
    let errors: [SocketError] = [
      .deadlinePassed, .cancelled, .ended, .cannotSend, .notConnected,
      .destinationRequired, .alreadyConnected, .messageTooLong(wanted: 2, available: 1),
      .noSpace(wanted: 2, available: 1), .limitTooLarge(wanted: 2, largest: 1),
      .addressTooLong(wanted: 2, largest: 1), .noMemory(.tooShort(wanted: 2, available: 1)),
      .pending(errorNumber: 111),
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    #expect(errors.filter { $0.errorNumber == 0 } == [.ended])
    #expect(SocketError.pending(errorNumber: 111).errorNumber == 111)
  }
}
