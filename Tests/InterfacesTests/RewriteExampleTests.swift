// SPDX-License-Identifier: BSD-2-Clause
import Interfaces
import Mbufs
import TestSupport
import Testing
import Wire

// shown: begin
func renumber(_ packet: inout Packet) throws(MbufError) {
  guard let old = IPPrefix("10.0.0.0/8"), let new = IPPrefix("192.168.0.0/16"),
    let map = PrefixMap(old, to: new)
  else { return }
  var rules = RewriteRules()
  rules.prefixes = [map]
  rules.ports = [PortMap(80...80, to: 8_080)]
  try packet.rewrite(by: rules, packet.decoded())
}
// shown: end

/// The rewriting that the article shows, compiled and run.
@Suite struct RewriteExampleTests {
  @Test func whatTheArticleShowsRewrites() throws {
    try leakChecked { pool in
      var model = RewriteModel()
      model.ports.destination = 80
      let bytes = model.bytes
      var packet = try pool.packet(copying: unsafe bytes.span.bytes)
      packet.linkType = LinkType.ethernet.rawValue
      try renumber(&packet)
      let frame = packet.decoded()
      #expect(frame.ipv4Source == IPv4Address(192, 168, 0, 1) && frame.destinationPort == 8_080)
      #expect(packet.transportChecksumResult(frame) == .valid)
    }
  }

  @Test func theArticleShowsWhatIsCompiledHere() throws {
    let example = try #require(try shownCode(in: #filePath).first)
    let article = "Sources/Interfaces/Interfaces.docc/Interfaces.md"
    #expect(try codeBlocks(of: article).contains(example))
  }
}
