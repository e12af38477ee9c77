// SPDX-License-Identifier: BSD-2-Clause
import Reports
import Testing

@testable import mbuma

/// Findings, and the report that they make.
@Suite struct DoctorFindingTests {
  static let findings: [Finding] = [
    .ok("kernel", "Linux 6.1"), .note("tun", "none", fix: "sudo modprobe tun"),
    .fail("link", "down", fix: "sudo ip link set dev eth0 up"),
  ]

  @Test func aLineForEachAndTheCommandBelow() {
    let report = DoctorReport(interface: nil, findings: Self.findings)
    #expect(
      report.text == """
        ok    kernel  Linux 6.1
        note  tun     none
              sudo modprobe tun
        fail  link    down
              sudo ip link set dev eth0 up

        """)
  }

  @Test func theSameAsJSON() {
    let report = DoctorReport(interface: "eth0", findings: Array(Self.findings.prefix(2)))
    #expect(
      report.json.text == #"{"schema":"mbuma.doctor/1","interface":"eth0","exit":0,"findings":["#
        + #"{"name":"kernel","state":"ok","fact":"Linux 6.1","fix":null},"#
        + #"{"name":"tun","state":"note","fact":"none","fix":"sudo modprobe tun"}]}"#)
  }

  @Test func theStatusIsThatOfWhatFailed() {
    func status(_ findings: Finding...) -> mbuma.ExitStatus {
      DoctorReport(interface: nil, findings: findings).status
    }
    let note = Finding.note("a", "")
    let permission = Finding.fail("b", "", isPermission: true)
    #expect(status() == .done && status(note) == .done)
    #expect(status(note, permission) == .permission)
    #expect(status(permission, .fail("c", "")) == .failed)
  }

  @Test(arguments: [
    ("/usr/bin/mbuma", "/usr/bin/mbuma"), ("a b", "'a b'"), ("a'b", #"'a'\''b'"#), ("", "''"),
    ("$x", "'$x'"),
  ])
  func aWordIsQuotedWhereAShellWouldReadMoreInIt(_ word: String, _ quoted: String) {
    #expect(Finding.quoted(word) == quoted)
  }
}
