// SPDX-License-Identifier: BSD-2-Clause
//
// What tcpreplay's users type by habit. Options that mean the same here are options of `mbuma replay`;
// the others are answered with what to type in their place, or why there is nothing to type.
//
//     named here  =>  no option of `mbuma replay` has the name

/// The options of tcpreplay that `mbuma replay` does not have.
enum TcpreplayOptions {
  /// Names, and what to do instead.
  static let advice: [(names: [String], text: String)] = [
    (["--maxsleep"], "type --max-sleep with a unit: --max-sleep 250ms"),
    (["--loopdelay-ms", "--loopdelay-ns"], "type --loop-delay with a unit: --loop-delay 20ms"),
    (["-w", "--write"], "type --to file:OUT"),
    (["--include", "--exclude"], "give a filter behind the files: udp port 53"),
    (["--cachefile"], "no cache is needed: -I IF2 --split server=10.0.0.0/8, client=NET or port"),
    (
      ["-2", "--dualfile"], "give both files: -I IF2 --split server=10.0.0.0/8, client=NET or port"
    ),
    (["-1"], "type --one-at-a-time"),
    (["--pps-multi"], "not needed: each packet has a time of its own at any --pps"),
    (["-T", "--timer"], "not needed: it sleeps, and spins for the last microseconds"),
    (["--listnics"], "type ip -br link, and mbuma doctor IF for one of them"),
    (
      ["-v", "--verbose", "-A", "--decode"],
      "type mbuma dump FILE, or tcpdump -r FILE for what packets carry"
    ),
    (["-q", "--quiet", "-W", "--suppress-warnings"], "type --no-progress, or --json"),
    (["--stats"], "the progress line on a terminal has them, and the report at the end"),
    (["--no-flow-stats", "--flow-expiry"], "not needed: it keeps no statistics of flows"),
    (["--netmap", "--nm-delay"], "type --xdp, which is fast with any driver"),
    (["--xdp-batch-size"], "type --xdp; 32 frames go with each call"),
    (["--mtu-trunc"], "type --over-mtu truncate"),
    (["--fragroute"], "type --over-mtu fragment --mtu 576"),
    (
      ["-C", "--fixcsum"], "not needed: what is rewritten keeps its checksums as right as they were"
    ),
    (
      ["-F", "--fixlen"],
      "frames leave as they were captured: --frames or a filter leaves out cut ones"
    ),
    (["-s", "--seed"], "type --pnat OLD:NEW for other addresses, or --unique-ip for each loop's"),
    (["-e", "--endpoints"], "type --srcipmap 0.0.0.0/0:A/32 and --dstipmap 0.0.0.0/0:B/32"),
    (["--pktlen"], "frames leave as long as they were captured"),
    (["-P", "--pid"], "type & behind the command and echo $!"),
    (["-d", "--dbug"], "type --json for every count"),
    (["-V"], "type mbuma --version"),
    (["-H", "--more-help"], "type mbuma replay --help"),
  ]

  /// Answers the first of these among the arguments of `mbuma replay`; false if there is none.
  static func answer(_ arguments: ArraySlice<String>) -> Bool {
    for argument in arguments.prefix(while: { $0 != "--" }) {
      let name = argument.prefix { $0 != "=" }
      if let entry = advice.first(where: { $0.names.contains(String(name)) }) {
        Terminal.warn("mbuma: \(name): \(entry.text)")
        return true
      }
    }
    return false
  }
}
