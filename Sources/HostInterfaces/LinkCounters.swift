// SPDX-License-Identifier: BSD-2-Clause
//
// What the kernel knows of an interface without its being opened, and what it counted there, by which a sender confirms that what it handed over went
// out:
//
//     after.output.packets - before.output.packets == packets sent, if nobody else sends
//
// Read from a text of the calling thread's network, a line each:
//
//     name: bytes packets errs drop fifo frame compressed multicast   bytes packets errs drop ...

public import Interfaces
import Wire

#if os(Linux)
  import CLinux
  import Glibc

  extension LinkTraits {
    /// Link type and MTU of an interface, which anybody may ask for.
    ///
    /// - Throws: `InterfaceError` if there is no such interface.
    init(ofKernelInterface name: String) throws(InterfaceError) {
      let mtu = unsafe mbuma_interface_mtu(name)
      guard mtu > 0 else {
        throw InterfaceError(SystemError("find the interface \(name)", ENODEV))
      }
      var linkType: LinkType?
      switch unsafe mbuma_interface_framing(name) {
      case mbuma_ethernet: linkType = .ethernet
      case mbuma_ip: linkType = .raw
      default: break
      }
      self.init(linkType: linkType, mtu: Int(mtu))
    }
  }

  extension InterfaceStatistics {
    /// The kernel's own counts of an interface since it was made.
    ///
    /// - Parameter name: the interface's.
    /// - Throws: `InterfaceError` if there is no such interface, or no such counts.
    ///
    /// Linux: `/proc/net/dev`.
    ///
    /// BSD: `if_data`.
    public init(ofKernelInterface name: String) throws(InterfaceError) {
      let line = try Self.line(name)
      let numbers = line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      guard numbers.count >= 12 else {
        throw InterfaceError(
          .unsupported, "cannot read the counts of \(name)", why: "there are \(numbers.count)")
      }
      self.init()
      func direction(_ first: Int) -> Direction {
        var direction = Direction()
        direction.bytes = numbers[first]
        direction.packets = numbers[first + 1]
        direction.errors = numbers[first + 2]
        direction.drops = numbers[first + 3]
        return direction
      }
      (input, output) = (direction(0), direction(8))
    }

    /// What stands behind the interface's name.
    private static func line(_ name: String) throws(InterfaceError) -> Substring {
      do throws(SystemError) {
        let text = try readText("/proc/thread-self/net/dev")
        for line in text.split(separator: "\n") {
          guard let colon = line.lastIndex(of: ":") else { continue }
          let found = line[..<colon].drop(while: \.isWhitespace)
          if found == name { return line[colon...].dropFirst() }
        }
        throw SystemError("find the interface \(name)", ENODEV)
      } catch {
        throw InterfaceError(error)
      }
    }
  }

  /// All of a file of the system, which is short.
  package func readText(_ path: String) throws(SystemError) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("read \(path)") }
    defer { close(descriptor) }
    var text: [UInt8] = []
    while true {
      var failure: SystemError?
      let piece = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { room, count in
        // At most as many bytes as there is room for.
        let got = unsafe read(descriptor, room.baseAddress, room.count)
        if got < 0 { failure = SystemError("read \(path)") }
        count = Swift.max(0, got)
      }
      if let failure { throw failure }
      if piece.isEmpty { return String(decoding: text, as: UTF8.self) }
      text += piece
    }
  }
#endif
