// SPDX-License-Identifier: BSD-2-Clause
import Mbufs
import Models
import UMA

/// Runs inputs, each over pools in which nothing is out.
///
/// Pools are kept from one input to the next: making them takes longer than most inputs do.
public final class PacketFuzzer {
  private var homes: [Int: PoolPair] = [:]

  /// A fuzzer without pools.
  public init() {}

  /// Runs one input; throws if anything is not as it should be.
  public func run(_ bytes: [UInt8]) throws {
    var input = FuzzInput(bytes)
    let setting = input.byte() & 7
    let home = homes[setting] ?? PoolPair(setting)
    // One in which something went wrong is not used again.
    homes[setting] = nil
    try PacketWorld(home, input).run()
    homes[setting] = home
  }
}

/// Two pools on one arena, so that packets of both meet.
final class PoolPair {
  let limit: Int
  let pools: [MbufPool]
  private let pages = PageArena(reservingByteCount: 256 << 20)

  /// The lowest two bits choose a limit, the third has items watched.
  init(_ setting: Int) {
    // The least is enough for the packets that an input begins with, and little more.
    let limit = [0, 12, 40, 200][setting & 3]
    let debugging: ZoneDebugging = setting & 4 == 0 ? [] : [.junk, .redzones]
    let pages = pages
    self.limit = limit
    pools = (0..<2).map { _ in
      MbufPool(clusterLimit: limit, mbufLimit: limit, pages: pages, debugging: debugging)
    }
  }

  /// Throws unless everything is back; then all is as in the beginning.
  func settle() throws {
    for pool in pools {
      pool.checkInvariants()
      pool.clusterLimit = limit
      pool.drain()
      for type in MbufType.allCases where pool.statistics().mbufsInUse(holding: type) != 0 {
        throw Failure(description: "mbufs of type \(type) are out")
      }
      for zone in pool.statistics().zones where zone.inUse != 0 {
        throw Failure(description: "\(zone.inUse) items of \(zone.name) are out")
      }
      pool.checkInvariants()
    }
    if pages.pagesOut != 0 { throw Failure(description: "\(pages.pagesOut) pages are out") }
    pages.checkInvariants()
  }
}
