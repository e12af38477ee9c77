// SPDX-License-Identifier: BSD-2-Clause
import TestSupport
import Testing
import Wire

extension HeaderFields {
  /// The error that parsing throws, if any.
  static func failure(_ bytes: [UInt8]) -> ParseError? {
    do throws(ParseError) {
      _ = try Self(parsing: bytes.raw)
      return nil
    } catch {
      return error
    }
  }

  /// The bytes that `emit` writes: over others, leaving those behind alone, and behind others, into
  /// memory that nobody has written.
  func emitted() -> [UInt8] {
    let bytes = [UInt8](count: byteCount + 3) { emit(into: &$0) }
    #expect(bytes[byteCount...] == [0xee, 0xee, 0xee])
    let written = writtenBytes(byteCount) { output in emit(into: &output) }
    #expect(written[...] == bytes[..<byteCount])
    return written
  }
}

/// What is written behind two bytes of an output span that holds `byteCount` more.
func writtenBytes(_ byteCount: Int, _ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
  let room = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount + 2, alignment: 8)
  defer { unsafe room.deallocate() }
  unsafe room.initializeMemory(as: UInt8.self, repeating: 0x55)
  var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
  output.append(1)
  output.append(2)
  write(&output)
  #expect(output.byteCount == byteCount + 2)
  _ = unsafe output.finalize(for: room)
  return unsafe [UInt8](room.dropFirst(2))
}

/// Checks a drawn header both ways, every prefix of it, and longer bytes.
func checkHeader<Fields: HeaderFields>(
  _ text: String, _ fields: Fields, _ layer: ParseError.Layer, leastByteCount: Int? = nil
) throws {
  let bytes = [UInt8](hex: text)
  #expect(try Fields(parsing: bytes.raw) == fields)
  #expect(try Fields(parsing: (bytes + [1, 2, 3]).raw) == fields)
  #expect(fields.emitted() == bytes)
  let least = leastByteCount ?? bytes.count
  for count in 0..<bytes.count {
    #expect(
      Fields.failure(Array(bytes[..<count]))
        == ParseError(
          layer, .tooShort, wanted: count < least ? least : bytes.count, available: count))
  }
}

/// Checks that a view reads what is drawn at any place, and that every prefix of it is refused.
func checkView<View: HeaderView & ~Escapable>(
  _ text: String, _ view: View.Type, _ check: (borrowing View) -> Void
) throws {
  let bytes = [UInt8](hex: text)
  #expect(bytes.count == View.byteCount)
  check(try View(bytes.raw))
  check(View(([1, 2, 3] + bytes + [4]).raw, at: 3))
  for count in 0..<bytes.count {
    #expect(
      throws: ParseError(View.layer, .tooShort, wanted: bytes.count, available: count)
    ) {
      _ = try View([UInt8](bytes[..<count]).raw)
    }
  }
}

/// Checks that a thousand random headers survive the wire.
func checkRoundTrip<Fields: HeaderFields>(
  seed: UInt64 = .random(in: 0...(.max)), file: String = #fileID, test: String = #function,
  _ make: (inout SeededRandom) -> Fields
) throws {
  var random = SeededRandom(seed: seed, file: file, test: test)
  for _ in 0..<1000 {
    let fields = make(&random)
    #expect(try Fields(parsing: fields.emitted().raw) == fields)
  }
}
