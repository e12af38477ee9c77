// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import Interfaces
import Libpcap
import Pcap
import Wire

/// Which packets of the inputs are replayed, and under which link header.
struct SelectionOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "Only packets with these numbers in their file: 7, 10-20, 10- or -20.")
  var frames: FrameNumbers?

  @Option(
    help: """
      Only packets from this time on: 1.5s after their file's first, or 2026-11-29T08:00:00Z, or \
      @1796000000.5 in seconds since 1970.
      """)
  var start: SliceEnd?

  @Option(help: "Only packets up to this time, written as for --start.")
  var end: SliceEnd?

  @Option(
    name: .customLong("dlt"),
    help: "Take link headers off (raw), or put Ethernet headers in their place (enet).")
  var linkHeader: LinkHeader?

  /// A link header that packets may get, by tcprewrite's word.
  enum LinkHeader: String, ExpressibleByArgument, CaseIterable {
    case raw
    case enet
  }

  func validate() throws {
    switch (start, end) {
    case (.elapsed(let start)?, .elapsed(let end)?) where start > end,
      (.moment(let start)?, .moment(let end)?) where start > end:
      throw ValidationError("--start comes after --end")
    default: break
    }
  }

  /// Whether every packet is replayed as it is.
  var isEmpty: Bool { slice == nil && linkHeader == nil }

  /// The packets asked for by number or time; nil for all.
  private var slice: PacketSlice? {
    if frames == nil, start == nil, end == nil { return nil }
    var slice = PacketSlice(frames: frames?.range ?? 1...Int.max)
    switch start {
    case .elapsed(let time)?: slice.times = time...Int64.max
    case .moment(let time)?: slice.moments = time...Int64.max
    case nil: break
    }
    switch end {
    case .elapsed(let time)?: slice.times = slice.times.clamped(to: .min...time)
    case .moment(let time)?: slice.moments = slice.moments.clamped(to: .min...time)
    case nil: break
    }
    return slice
  }

  /// The link type that all packets get; nil if they keep their own.
  var linkType: LinkType? {
    switch linkHeader {
    case nil: nil
    case .raw: .raw
    case .enet: .ethernet
    }
  }

  /// The same, as packets have it.
  var linkTypeNumber: UInt32? { linkType?.rawValue }

  /// Files as inputs: by number and time first, then by their filter.
  func inputs(of files: CaptureFiles) -> [any PacketInput] {
    guard let slice else { return files.inputs.map(converted) }
    // A reader with a filter does not count what it leaves out.
    return files.unselectedInputs.map { input in
      let wanted = SlicedInput(input, slice)
      return converted(files.selection.map { FilteredInput(wanted, $0.expression) } ?? wanted)
    }
  }

  /// An input whose packets get the link header asked for.
  func converted(_ input: any PacketInput) -> any PacketInput {
    linkType.map { ConvertedInput(input, to: $0) } ?? input
  }
}

/// Numbers of packets on the command line, from 1: `7`, `10-20`, `10-`, `-20`.
struct FrameNumbers: ExpressibleByArgument, Equatable {
  let range: ClosedRange<Int>

  init?(argument: String) {
    let ends = argument.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = ends.map { Int($0) }
    switch (ends.count, numbers.first ?? nil, numbers.last ?? nil) {
    case (1, let number?, _) where number > 0: range = number...number
    case (2, let first?, let last?) where first > 0 && first <= last: range = first...last
    case (2, let first?, nil) where first > 0 && ends[1].isEmpty: range = first...Int.max
    case (2, nil, let last?) where last > 0 && ends[0].isEmpty: range = 1...last
    default: return nil
    }
  }
}
