// SPDX-License-Identifier: BSD-2-Clause
public import Pcap

/// What to replay, where to, and how often.
public struct ReplayPlan: Equatable, Sendable {
  /// Where the packets end up.
  public enum Destination: Equatable, Sendable {
    /// Nowhere: each packet is decoded, counted and freed.
    case null
    /// A capture file, "-" for standard output.
    case file(String)
    /// An IP stack in this process, which delivers to a socket for every port.
    case stack
  }

  /// Capture files in order, "-" for standard input.
  public var inputs: [String]
  /// A filter in tcpdump's language; frames that do not match are not replayed.
  public var filter: String?
  /// Where the packets end up.
  public var destination: Destination
  /// How often the inputs are gone through, at least once.
  public var loopCount: Int
  /// Stop after this many packets.
  public var limit: Int?
  /// Read the output again and compare it with the input.
  public var verifies: Bool

  /// Plans one pass over the inputs, as fast as it goes.
  public init(
    inputs: [String], filter: String? = nil, destination: Destination = .null,
    loopCount: Int = 1, limit: Int? = nil, verifies: Bool = false
  ) {
    precondition(loopCount >= 1, "\(loopCount) loops")
    self.inputs = inputs
    self.filter = filter
    self.destination = destination
    self.loopCount = loopCount
    self.limit = limit
    self.verifies = verifies
  }
  /// Refuses an output that is one of the inputs, whatever the two are called: opening it would
  /// empty the input, and writing to it would feed on itself.
  ///
  /// Links, names like `/dev/stdin` and `/proc/self/fd/3`, and the standard streams are followed to
  /// the file they lead to. Pipes, terminals and null devices may be both. Nothing is opened.
  ///
  /// - Throws: `PcapError` of kind `.isOutput`, about the first such input.
  public func check() throws(PcapError) {
    guard case .file(let output) = destination else { return }
    let written = FileIdentity(output: output)
    for input in inputs {
      let read = FileIdentity(input: input)
      // What is not there yet will be the same file by the same name.
      let isToBeMade = written == nil && read == nil && input == output
      if isToBeMade || read?.isOverwritten(byWritingTo: written) == true {
        throw PcapError(.isOutput(output), file: input)
      }
    }
  }
}
