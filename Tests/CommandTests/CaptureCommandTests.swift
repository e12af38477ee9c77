// SPDX-License-Identifier: BSD-2-Clause
import Foundation
import TestSupport
import Testing

// What `mbuma replay` sends at one end of a cable, `mbuma capture` writes at the other. The programs run
// in the network of the thread that starts them.
#if os(Linux)
  @Suite struct CaptureCommandTests {
    /// The frames of a pcap of this machine's byte order: their bytes, and their length on the wire.
    private struct Records: Equatable {
      var frames: [Data] = []
      var wireByteCounts: [Int] = []
      var magic = 0

      init(_ data: Data) {
        func word(_ place: Int) -> Int {
          (0..<4).reduce(0) { $0 | Int(data[data.startIndex + place + $1]) << (8 * $1) }
        }
        guard data.count >= 24 else { return }
        magic = word(0)
        var place = 24
        while place + 16 <= data.count, place + 16 + word(place + 8) <= data.count {
          let start = data.startIndex + place + 16
          frames.append(data[start..<(start + word(place + 8))])
          wireByteCounts.append(word(place + 12))
          place += 16 + word(place + 8)
        }
      }

      /// Nanoseconds, in this machine's order.
      var isNano: Bool { magic == 0xa1b2_3c4d }
    }

    /// A capture being made of what arrives at `vb0`.
    private final class Listener {
      let folder: TemporaryFolder
      private let command: Command

      /// Starts, and waits until the first file is there.
      init(_ arguments: [String], name: String = "out.pcap") throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        // A test that goes wrong shall not wait for ever.
        let safe = ["-a", "duration:120"] + arguments
        command = try Command(["capture", "vb0", "-w", folder.file(name), "--json"] + safe)
        try command.wait {
          (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.contains {
            folder.byteCount($0) >= 24
          } ?? false
        }
      }

      var records: Records { get throws { Records(try folder.read("out.pcap")) } }

      /// Waits until the file has so many frames.
      func wait(for count: Int) throws {
        try command.wait { (try? records.frames.count) ?? 0 >= count }
      }

      func signal(_ number: Int32) { command.signal(number) }

      /// Waits for its end, and checks that no packet is lost from the counts.
      func finish() throws -> (result: Command.Result, report: [String: Any]) {
        let result = try command.finish()
        let report = try result.json()
        let drops = (report["drops"] as? [String: Int] ?? [:]).values.reduce(0, +)
        let written = report["packets_written"] as? Int ?? -1
        #expect(report["packets_received"] as? Int == written + drops)
        #expect(report["schema"] as? String == "mbuma.capture/1")
        return (result, report)
      }
    }

    /// Sends a capture from `va0`.
    private func send(_ path: String) throws {
      let result = try Command.run("replay", path, "-i", "va0", "--topspeed", "--json")
      #expect(result.status == 0, "\(result.diagnostics)")
    }

    /// Sends so many frames of 60 bytes.
    private func send(_ count: Int) throws {
      let folder = try TemporaryFolder()
      var capture = CaptureBytes()
      capture.addFrames(count, byteCount: 60)
      try send(try folder.write(capture.data, "frames.pcap"))
    }

    @Test(arguments: ["dns", "vlan", "qinq", "udp6", "ntp", "iperf_small"])
    func allFramesAreInTheFileAsTheyWereSent(_ name: String) throws {
      let path = "Captures/\(name).pcap"
      guard Command.isThere("\(Command.root.path)/\(path)") else { return }
      let sent = Records(try readFile("\(Command.root.path)/\(path)"))
      try Network.with(mtu: 9_000) {
        let listener = try Listener(["-c", "\(sent.frames.count)"])
        try send(path)
        let (result, report) = try listener.finish()
        #expect(result.status == 0)
        #expect(result.diagnostics.hasPrefix("mbuma: listening on vb0, EN10MB"))
        #expect(report["end"] as? String == "packets" && report["interface_drops"] is Int)
        let records = try listener.records
        #expect(records.frames == sent.frames && records.isNano)
        #expect(records.wireByteCounts == sent.frames.map(\.count))
      }
    }

    @Test func aNameThatEndsInPcapngHasOneWritten() throws {
      try Network.with {
        let listener = try Listener(["-c", "86"], name: "out.pcapng")
        try send("Captures/dns.pcap")
        #expect(try listener.finish().result.status == 0)
        let copy = listener.folder.file("copy.pcap")
        let result = try Command.run(
          "replay", listener.folder.file("out.pcapng"), "--to", "file:\(copy)", "--verify", "--json"
        )
        let input = try #require((try result.json()["inputs"] as? [[String: Any]])?.first)
        #expect(input["format"] as? String == "pcapng" && input["packets"] as? Int == 86)
        let (sent, found) = (
          Records(try readFile("\(Command.root.path)/Captures/dns.pcap")),
          Records(try listener.folder.read("copy.pcap"))
        )
        #expect(found.frames == sent.frames && found.isNano)
      }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalEndsItWithAWholeFileAndTheReport(_ signal: Int32) throws {
      try Network.with {
        let listener = try Listener(["udp"])
        try send("Captures/dns.pcap")
        // Before anybody ends it, what came is in the file.
        try listener.wait(for: 58)
        listener.signal(signal)
        let (result, report) = try listener.finish()
        #expect(result.status == 0, "\(result.diagnostics)")
        #expect(report["end"] as? String == "signal" && report["error"] is NSNull)
        #expect(report["packets_received"] as? Int == 86)
        #expect(report["drops"] as? [String: Int] == ["filter": 28])
        #expect(try listener.records.frames.count == 58)
        let again = try Command.run("replay", listener.folder.file("out.pcap"), "--json")
        #expect(again.status == 0)
      }
    }

    @Test func whatTheKernelHadNoRoomForIsCounted() throws {
      try Network.with {
        let listener = try Listener(["--ring-slots", "64"])
        // Nobody reads while it is held.
        listener.signal(SIGSTOP)
        try send(500)
        listener.signal(SIGCONT)
        try listener.wait(for: 64)
        listener.signal(SIGINT)
        let (result, report) = try listener.finish()
        #expect(result.status == 2)
        #expect(result.diagnostics.contains("found no room; raise --ring-slots"))
        #expect(report["packets_received"] as? Int == 500)
        let drops = report["drops"] as? [String: Int]
        #expect(drops?.keys.sorted() == ["ring_full"] && drops?["ring_full"] ?? 0 >= 400)
        #expect(try listener.records.frames.count == report["packets_written"] as? Int)
      }
    }

    @Test(arguments: ["set vb0 down", "del vb0"])
    func anInterfaceThatGoesEndsItWithItsFile(_ change: String) throws {
      try Network.with {
        let listener = try Listener([])
        try send("Captures/ntp.pcap")
        try listener.wait(for: 26)
        Network.run("ip link \(change)")
        let (result, report) = try listener.finish()
        #expect(result.status == 1)
        #expect(result.diagnostics.contains("mbuma: cannot use vb0: Network is down; "))
        #expect(report["end"] as? String == "error" && report["error"] is [String: Any])
        #expect(report["packets_written"] as? Int == 26)
        #expect(try listener.folder.read("out.pcap").count == 24 + 26 * 16 + 2_244)
      }
    }

    @Test func filesFollowEachOtherAndTheOldestGo() throws {
      try Network.with {
        let listener = try Listener(
          ["-b", "packets:30", "-b", "files:2", "-a", "packets:86"], name: "net.pcap")
        try send("Captures/dns.pcap")
        let (result, report) = try listener.finish()
        #expect(result.status == 0)
        #expect(report["files_begun"] as? Int == 3 && report["files_kept"] as? Int == 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: listener.folder.path)
          .sorted()
        #expect(names.map { $0.prefix(10) } == ["net_00002_", "net_00003_"])
        #expect(report["last_file"] as? String == names.last.map(listener.folder.file))
        let sent = Records(try readFile("\(Command.root.path)/Captures/dns.pcap")).frames
        let frames = try names.flatMap { Records(try listener.folder.read($0)).frames }
        #expect(frames == Array(sent[30...]))
      }
    }

    @Test func aFullDiskHasThePacketsThatAreReportedAsWritten() throws {
      try Network.with {
        let folder = try TemporaryFolder()
        let out = folder.file("out.pcap")
        // 16 KiB: bash counts in 1,024 bytes.
        let command = try Command(
          [
            "-c", #"ulimit -f 16; exec "$@""#, "bash", "\(Command.products.path)/mbuma", "capture",
            "vb0", "-w", out, "-U", "--json",
          ], program: "/bin/bash")
        do {
          try command.wait { folder.byteCount("out.pcap") >= 24 }
        } catch {
          return print("skipped: the thread sanitizer needs larger files of its own to start")
        }
        try send(1_000)
        let result = try command.finish()
        #expect(result.status == 1)
        let report = try result.json()
        let written = try #require(report["packets_written"] as? Int)
        let drops = try #require(report["drops"] as? [String: Int])
        #expect(Records(try folder.read("out.pcap")).frames.count == written)
        #expect(folder.byteCount("out.pcap") == 24 + written * 76 && written > 100)
        #expect(drops["output_failed"] ?? 0 > 0)
        #expect(report["packets_received"] as? Int == written + drops.values.reduce(0, +))
        #expect(result.diagnostics.contains("cannot write"))
      }
    }

    @Test func framesGoToAPipeAndTheReportElsewhere() throws {
      try Network.with {
        let folder = try TemporaryFolder()
        let command = try Command(
          ["capture", "-i", "vb0", "-w", "-", "-s", "20", "-c", "18", "-a", "duration:60", "udp"],
          output: folder.file("piped"))
        try command.wait { folder.byteCount("piped") >= 24 }
        try send("Captures/ntp.pcap")
        let result = try command.finish()
        #expect(result.status == 0)
        #expect(result.diagnostics.contains("written     18 packets, 360 bytes in "))
        #expect(result.diagnostics.contains("cut         18 packets of them\n"))
        let records = Records(try folder.read("piped"))
        #expect(records.frames.map(\.count) == [Int](repeating: 20, count: 18))
        #expect(records.wireByteCounts.reduce(0, +) == 1_740)
      }
    }

    @Test func aCaptureByXDPHasEveryFrameThatArrives() throws {
      try Network.with {
        let folder = try TemporaryFolder()
        let trial = try Command.run(
          ["capture", "vb0", "--xdp", "-w", folder.file("out.pcap"), "-a", "duration:0.05"])
        if trial.status == 77 || trial.diagnostics.contains("AF_XDP") {
          return print("skipped \(#function): \(trial.diagnostics)")
        }
        #expect(trial.status == 4)
        let listener = try Listener(["--xdp", "-c", "86"])
        try send("Captures/dns.pcap")
        let (result, report) = try listener.finish()
        #expect(result.status == 0, "\(result.diagnostics)")
        #expect(report["packets_written"] as? Int == 86 && report["end"] as? String == "packets")
        let sent = Records(try readFile("\(Command.root.path)/Captures/dns.pcap"))
        #expect(try listener.records.frames == sent.frames)
      }
    }

    @Test func nothingCapturedIsToldByStatusFour() throws {
      try Network.with {
        let listener = try Listener(["-a", "duration:0.05"])
        let (result, report) = try listener.finish()
        #expect(result.status == 4)
        #expect(report["end"] as? String == "duration" && report["packets_received"] as? Int == 0)
      }
    }

    @Test func anInterfaceIsReplayedWhereAFileMayBe() throws {
      try Network.with {
        let folder = try TemporaryFolder()
        let out = folder.file("out.pcap")
        let command = try Command(
          ["replay", "link:vb0", "udp", "--to", "file:\(out)", "-c", "58", "--json"])
        // It has no file before it has listened.
        try command.wait { folder.byteCount("out.pcap") >= 24 }
        try send("Captures/dns.pcap")
        let result = try command.finish()
        #expect(result.status == 0, "\(result.diagnostics)")
        let report = try result.json()
        let input = try #require((report["inputs"] as? [[String: Any]])?.first)
        #expect(input["file"] as? String == "link:vb0" && input["packets"] as? Int == 58)
        let records = Records(try folder.read("out.pcap"))
        #expect(records.frames.count == 58 && records.isNano)
      }
    }

    @Test(arguments: [[], ["--xdp"], ["--pps", "2k"]])
    func theFarEndHearsWhatIsSent(_ options: [String]) throws {
      try Network.with {
        let result = try Command.run(
          [
            "replay", "Captures/dns.pcap", "-i", "va0", "--verify-on", "vb0", "--topspeed",
            "--json",
          ]
          .filter { $0 != "--topspeed" || !options.contains("--pps") } + options)
        #expect(result.status == 0, "\(result.diagnostics)")
        let found = try #require(try result.json()["far_end"] as? [String: Any])
        #expect(found["whole"] as? Bool == true && found["in_order"] as? Int == 86)
        #expect(found["foreign"] as? Int == 0 && found["lost"] as? Int == 0)
      }
    }

    @Test func whatTheLinkLosesIsToldByItsNumber() throws {
      try Network.with {
        // A bridge drops what is longer than its port takes: MTU, header and a tag. It learns nothing,
        // so it forwards everything else.
        let isMade = [
          "ip link add vc0 type veth peer name vd0",
          "ip link add br0 type bridge mcast_snooping 0",
          "ip link set vb0 master br0", "ip link set vc0 master br0",
          "ip link set vb0 type bridge_slave learning off", "ip link set vc0 mtu 200",
          "for name in vc0 vd0 br0; do ip link set $name up multicast off arp off; done",
        ].allSatisfy(Network.run)
        guard isMade else { return print("skipped \(#function): no bridge here") }
        let result = try Command.run(
          "replay", "Captures/dns.pcap", "-i", "va0", "--verify-on", "vd0", "-t", "--json")
        #expect(result.status == 5)
        #expect(result.diagnostics.contains("mbuma: vd0 heard "))
        let frames = Records(try readFile("\(Command.root.path)/Captures/dns.pcap")).frames
        let lost = frames.indices.filter { frames[$0].count > 218 }.map { $0 + 1 }
        #expect(!lost.isEmpty && lost.count < frames.count)
        let report = try result.json()
        #expect(report["confirmed"] as? Int == frames.count)
        let found = try #require(report["far_end"] as? [String: Any])
        #expect(found["lost_frames"] as? [Int] == lost && found["reordered"] as? Int == 0)
        #expect(found["in_order"] as? Int == frames.count - lost.count)
      }
    }

    @Test func anInterfaceThatIsNotThereAndAPermissionThatIsMissing() throws {
      try Network.with {
        let folder = try TemporaryFolder()
        let out = folder.file("out.pcap")
        let arguments = ["capture", "vb1", "-w", out]
        let missing = try Command.run(arguments)
        #expect(missing.status == 1 && missing.text.isEmpty)
        #expect(missing.diagnostics.contains("vb1: No such device; see which interfaces there are"))
        #expect(!Command.isThere(out))
        let setpriv = "/usr/bin/setpriv"
        guard Command.isThere(setpriv) else { return print("skipped: there is no \(setpriv)") }
        let denied = try Command(
          ["--bounding-set", "-net_raw", "\(Command.products.path)/mbuma"] + arguments,
          program: setpriv
        ).finish()
        #expect(denied.status == 77)
        #expect(denied.diagnostics.contains("setcap cap_net_raw+ep"))
      }
    }

    @Test(arguments: [
      [], ["va0"], ["-w", "x.pcap"], ["va0", "-w", ""], ["link:", "-w", "x.pcap"],
      ["va0", "-w", "x.pcap", "-b", "files:3"], ["va0", "-w", "-", "-b", "packets:3"],
      ["va0", "-w", "/dev/null", "-b", "packets:3"], ["va0", "-w", "x.pcap", "-a", "files:3"],
      ["va0", "-w", "x.pcap", "-a", "speed:3"], ["va0", "-w", "x.pcap", "-a", "duration:0"],
      ["va0", "-w", "x.pcap", "-a", "filesize:99999999999999999"],
      ["va0", "-w", "x.pcap", "-a", "packets:-1"], ["va0", "-w", "x.pcap", "-a", "packets"],
      ["va0", "-w", "x.pcap", "-s", "262145"], ["va0", "-w", "x.pcap", "-c", "0"],
      ["va0", "-w", "x.pcap", "--filter", "udp", "tcp"], ["va0", "-w", "-", "--json"],
      ["va0", "-w", "x.pcap", "-Q", "out"], ["va0", "-w", "x.pcap", "--ring-slots", "1"],
    ])
    func exit64AWrongCommandLine(_ arguments: [String]) throws {
      let result = try Command.run(["capture"] + arguments)
      #expect(result.status == 64 && !result.diagnostics.isEmpty && result.text.isEmpty)
      #expect(!Command.isThere("\(Command.root.path)/x.pcap"))
    }

    @Test(arguments: [
      ["link:va0", "--loop", "2"], ["link:va0", "Captures/dns.pcap"], ["link:"],
      ["Captures/dns.pcap", "link:va0"], ["link:va0", "--to", "link:va0"],
      ["link:va0", "--to", "file:/tmp/never-made.pcap", "--verify"],
    ])
    func exit64AnInterfaceWhereItMakesNoSense(_ arguments: [String]) throws {
      let result = try Command.run(["replay"] + arguments)
      #expect(result.status == 64 && result.diagnostics.contains("link:") && result.text.isEmpty)
    }

    @Test func aFilterThatDoesNotCompileLeavesTheOutputOfAnotherDayAlone() throws {
      try Network.with {
        let folder = try TemporaryFolder()
        let old = Data("of another day".utf8)
        let out = try folder.write(old, "out.pcap")
        let result = try Command.run("capture", "va0", "-w", out, "udp", "prot", "9")
        #expect(result.status == 64 && result.diagnostics.hasPrefix("mbuma: va0: cannot compile"))
        #expect(try folder.read("out.pcap") == old)
      }
    }
  }
#endif
