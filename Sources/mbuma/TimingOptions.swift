// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import HostInterfaces
import Interfaces
import Replay

/// When packets leave, by tcpreplay's names and letters.
struct TimingOptions: ParsableArguments {
  @Option(
    name: [.customLong("multiplier"), .customShort("x")],
    help: "This multiple of the capture's own speed.")
  var speed: Rate?

  @Option(
    name: [.customLong("pps"), .customShort("p")],
    help: "So many packets a second; 0.5 and 10k do.")
  var packetsPerSecond: Rate?

  @Option(
    name: [.customLong("mbps"), .customShort("M")],
    help: "So many million bits a second, of the frames' bytes in the capture.")
  var megabitsPerSecond: Rate?

  @Flag(name: [.customLong("topspeed"), .customShort("t")], help: "As fast as it goes.")
  var isTopSpeed = false

  @Flag(
    name: [.customLong("one-at-a-time"), .customLong("oneatatime"), .customShort("o")],
    help: "One packet each time that Enter is pressed; a number sends so many.")
  var isStepped = false

  @Flag(name: .customLong("paced"), help: "Wait for the capture's own times, whatever the output.")
  var isPaced = false

  @Option(
    name: .customLong("max-sleep"), help: "The longest time between two packets, such as 250ms.")
  var longestGap: TimeSpan?

  @Option(name: .customLong("loop-delay"), help: "The time between two loops, such as 1s.")
  var loopPause: TimeSpan?

  func validate() throws {
    let rates = [speed, packetsPerSecond, megabitsPerSecond].count { $0 != nil }
    if rates + [isTopSpeed, isPaced, isStepped].count(where: \.self) > 1 {
      throw ValidationError(
        "--multiplier, --pps, --mbps, --topspeed, --paced and --one-at-a-time exclude each other")
    }
    if isStepped, StepClock() == nil {
      throw ValidationError("--one-at-a-time needs a terminal: try --pps 1")
    }
  }

  /// When packets leave; nil for as fast as they go.
  ///
  /// - Parameter isLive: whether they go onto an interface, where times are kept unless told
  ///   otherwise.
  func pacing(isLive: Bool) -> ReplayPlan.Pacing? {
    if isStepped, let clock = StepClock() {
      // Packet n is due at n; the first waits as well.
      var schedule = Schedule(.packets(perSecond: 1e9))
      schedule.beginLoop(pause: 1)
      return ReplayPlan.Pacing(schedule, clock: clock)
    }
    let rate: Schedule.Rate =
      if let packetsPerSecond {
        .packets(perSecond: packetsPerSecond.value)
      } else if let megabitsPerSecond {
        .bits(perSecond: megabitsPerSecond.value * 1e6)
      } else if let speed {
        .original(speed: speed.value)
      } else if isTopSpeed || !isLive && !isPaced {
        .topSpeed
      } else {
        .original(speed: 1)
      }
    if rate == .topSpeed, loopPause == nil { return nil }
    return ReplayPlan.Pacing(
      Schedule(rate, longestGap: longestGap?.nanoseconds),
      loopPause: loopPause?.nanoseconds ?? 0, clock: Pacer())
  }
}

/// A rate on the command line: `10000`, `10k`, `0.5`; above 0.
struct Rate: ExpressibleByArgument, Equatable {
  let value: Double

  init?(argument: String) {
    let scales: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
    let scale = argument.last.flatMap { scales[$0] }
    guard let number = Double(scale == nil ? argument : String(argument.dropLast())),
      number > 0, number.isFinite
    else { return nil }
    value = number * (scale ?? 1)
  }
}

/// A time on the command line: `250ms`, `1.5s`, `10us`, `0`.
struct TimeSpan: ExpressibleByArgument, Equatable {
  let nanoseconds: Int64

  /// The same where a number without a unit means seconds.
  static func seconds(_ argument: String) throws -> TimeSpan {
    let isNumber = argument.last?.isNumber == true
    guard let span = TimeSpan(argument: isNumber ? argument + "s" : argument) else {
      throw ValidationError("\(argument) is no time: try 5, 1.5s or 250ms")
    }
    return span
  }

  init?(argument: String) {
    let units: [(String, Double)] = [("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)]
    let unit = units.first { argument.hasSuffix($0.0) }
    let number = Double(argument.dropLast(unit?.0.count ?? 0))
    guard let number, number >= 0, unit != nil || number == 0 else { return nil }
    let value = number * (unit?.1 ?? 1)
    guard value < 0x1p62 else { return nil }
    nanoseconds = Int64(value)
  }
}
