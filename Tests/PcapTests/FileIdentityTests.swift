// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Pcap
import Testing

@Suite struct FileIdentityTests {
  @Test func everyNameOfAFileLeadsToIt() throws {
    let file = try TemporaryFile([1, 2, 3])
    let (soft, hard) = (try TemporaryFile(), try TemporaryFile())
    try FileManager.default.createSymbolicLink(
      atPath: soft.path, withDestinationPath: file.path)
    try FileManager.default.linkItem(atPath: file.path, toPath: hard.path)
    let descriptor = unsafe open(file.path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    let identity = try #require(FileIdentity(path: file.path))
    #expect(identity.isRegular && identity.keepsBytes && !identity.isFolder)
    let folder = URL(filePath: file.path).deletingLastPathComponent().path()
    let name = URL(filePath: file.path).lastPathComponent
    for path in [soft.path, hard.path, "\(folder)/./\(name)", "/dev/fd/\(descriptor)"] {
      #expect(FileIdentity(path: path) == identity, "\(path)")
      #expect(identity.isOverwritten(byWritingTo: FileIdentity(output: path)), "\(path)")
    }
    #expect(FileIdentity(descriptor: descriptor) == identity)
    let reader = try CaptureReader(path: Captures.path("ntp.pcap"))
    #expect(reader.identity == FileIdentity(path: Captures.path("ntp.pcap")))
    #expect(reader.identity != identity)
    #expect(!identity.isOverwritten(byWritingTo: FileIdentity(path: Captures.path("ntp.pcap"))))
  }

  @Test func whatKeepsNothingIsNotOverwritten() throws {
    let null = try #require(FileIdentity(path: "/dev/null"))
    #expect(!null.keepsBytes && !null.isRegular && !null.isStream)
    #expect(!null.isOverwritten(byWritingTo: null))
    let pipe = Pipe()
    let ends = [pipe.fileHandleForReading, pipe.fileHandleForWriting]
      .compactMap { FileIdentity(descriptor: $0.fileDescriptor) }
    #expect(ends.count == 2)
    #expect(ends[0] == ends[1] && ends[0].isStream)
    #expect(!ends[0].isOverwritten(byWritingTo: ends[1]))
    #expect(FileIdentity(path: "/")?.isFolder == true)
    #expect(FileIdentity(path: "/nonexistent") == nil)
    #expect(FileIdentity(descriptor: -1) == nil)
  }
}
