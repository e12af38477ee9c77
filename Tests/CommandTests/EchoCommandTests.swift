// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

@Suite struct EchoCommandTests {
  static let wrong: [([String], String)] = [
    ([], "Missing expected argument '--on <on>'"),
    (["--on", "eth0"], "is invalid for '--on <on>'"),
    (["--on", "raw:0.0.0.0"], "is invalid for '--on <on>'"),
    (["--on", "tap:"], "is invalid for '--on <on>'"),
    (["--on", "tap:e0"], "say which address is the stack's: --address 10.0.0.2/24"),
    (["--on", "tap:e0", "--address", "10.0.0.2/33"], "is invalid for '--address"),
    (["--on", "tap:e0", "--address", "224.0.0.1"], "is invalid for '--address"),
    (["--on", "raw:127.0.0.1", "--address", "10.0.0.2"], "raw: has the address that it names"),
    (["--on", "raw:127.0.0.1", "--port", "7", "--port", "9"], "raw: answers on one port"),
    (["--on", "raw:127.0.0.1", "--port", "0"], "--port must be within 1...65535"),
    (["--on", "raw:127.0.0.1", "--drop-chance", "2"], "--drop-chance must be within 0...1"),
    (["--on", "raw:127.0.0.1", "--duration", "0"], "--duration must be above 0"),
  ]

  @Test(arguments: wrong)
  func whatIsWrongOnTheCommandLineIsSaid(arguments: [String], message: String) throws {
    let result = try Command(["echo"] + arguments).finish()
    #expect(result.status == 64)
    #expect(result.diagnostics.contains(message), "\(result.diagnostics)")
    #expect(result.output.isEmpty)
  }

  @Test func anAddressOfThisHostIsRefusedWithWhatToDo() throws {
    let arguments = ["--on", "link:lo", "--address", "127.0.0.1/8", "--duration", "5"]
    let result = try Command(["echo"] + arguments).finish()
    #expect(result.status == 1)
    #expect(result.diagnostics.contains("it is this host's own: the kernel answers too"))
    #expect(result.diagnostics.contains("--on raw:127.0.0.1"))
  }

  @Test func theExampleOfTwoStacksPrintsWhatItsReadmeShows() throws {
    let result = try Command([], program: "\(Command.products.path)/UDPEcho").finish()
    let readme = String(
      decoding: try readFile("\(Command.root.path)/Examples/UDPEcho/README.md"), as: UTF8.self)
    let shown = try #require(readme.components(separatedBy: "$ swift run UDPEcho\n").last)
    #expect(result.text == shown.components(separatedBy: "```").first)
    #expect(result.status == 0)
  }
}
