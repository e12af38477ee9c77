// SPDX-License-Identifier: BSD-2-Clause
//
// Packets of an input by number, by time since the first of them, and by the time of day:
//
//     frame n        1, 2, 3 ...                  given if frames.contains(n)
//     time t         timestamp - first's          given if times.contains(t)
//     moment m       timestamp                    given if moments.contains(m)
//
// A packet without a time is in no slice of times but the whole. Behind the last number nothing is read.
// Times in a capture may go back, so the whole of it is read for them.

import Mbufs

/// Which packets of an input are wanted.
public struct PacketSlice: Equatable, Sendable {
  /// Numbers of packets, from 1.
  public var frames: ClosedRange<Int>
  /// Nanoseconds since the first packet.
  public var times: ClosedRange<Int64>
  /// Nanoseconds since 1970.
  public var moments: ClosedRange<Int64>

  /// All packets, unless told otherwise.
  public init(
    frames: ClosedRange<Int> = 1...Int.max, times: ClosedRange<Int64> = Int64.min...Int64.max,
    moments: ClosedRange<Int64> = Int64.min...Int64.max
  ) {
    self.moments = moments
    self.frames = frames
    self.times = times
  }
}

/// An input of which only a slice is given; the other packets do not count as read.
public struct SlicedInput: PacketInput {
  private let input: any PacketInput
  private let slice: PacketSlice

  /// Takes a slice out of an input.
  public init(_ input: any PacketInput, _ slice: PacketSlice) {
    self.input = input
    self.slice = slice
  }

  /// That of the input.
  public var name: String { input.name }

  /// Opens the input.
  ///
  /// - Throws: `InterfaceError` as the input does.
  public func open() throws(InterfaceError) -> any PacketSource & ~Copyable {
    SteppedSource(try input.open(), SliceStep(slice))
  }
}

private struct SliceStep: PacketStep {
  let slice: PacketSlice
  private var number = 0
  private var firstTime: Int64?

  init(_ slice: PacketSlice) { self.slice = slice }

  var wantedPacketCount: Int { slice.frames.upperBound - number }

  mutating func pass(_ packet: inout Packet) -> PacketStepResult {
    number += 1
    if packet.header.isTimeless {
      let isWhole = slice.times == .min ... .max && slice.moments == .min ... .max
      return isWhole && slice.frames.contains(number) ? .given : .leftOut
    }
    let time = packet.timestampInNanoseconds
    let first = firstTime ?? time
    firstTime = first
    let (elapsed, isTooFar) = time.subtractingReportingOverflow(first)
    let isWanted =
      slice.frames.contains(number) && slice.moments.contains(time)
      && slice.times.contains(isTooFar ? (time < first ? .min : .max) : elapsed)
    return isWanted ? .given : .leftOut
  }
}
