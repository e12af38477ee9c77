// swift-tools-version: 6.2
// SPDX-License-Identifier: BSD-2-Clause
import PackageDescription

// Every target is held to the same rules: unsafe code is marked where it stands, and a warning is
// an error. `Lifetimes` lets a type hand out a span of its own bytes; clients need no flag for it.
let house: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

func library(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(_ name: String, _ dependencies: Target.Dependency..., exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: house)
}

let libraries = [
  "Wire", "UMA", "Mbufs", "SocketBuffers", "Interfaces", "InternetStack", "HostInterfaces", "Pcap",
  "Libpcap", "Inspection", "Reports", "Replay",
]

let package = Package(
  name: "swift-mbuma",
  platforms: [.macOS(.v26)],
  products: libraries.map { .library(name: $0, targets: [$0]) } + [
    .executable(name: "mbuma", targets: ["mbuma"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    // What Swift cannot say, and what the system brings.
    .target(name: "CUMA"),
    .target(name: "CLinux"),
    .target(name: "CMallocCount"),
    // Loads zlib, zstd and lz4 where a file needs one, so building needs none of them.
    .target(name: "CCompression"),
    // Confines a test's process.
    .target(name: "CConfine", path: "Tests/Confine"),
    .systemLibrary(name: "CPcap"),

    // Each knows only what stands above it.
    library("Wire"),
    library("UMA", "CUMA"),
    library("Mbufs", "UMA"),
    library(
      "SocketBuffers", "Mbufs", "UMA", "Wire",
      .product(name: "DequeModule", package: "swift-collections")),
    library("Interfaces", "Mbufs", "UMA", "Wire"),
    library(
      "InternetStack", "Interfaces", "SocketBuffers", "Mbufs", "UMA", "Wire",
      .product(name: "BasicContainers", package: "swift-collections")),
    library("HostInterfaces", "Interfaces", "Mbufs", "Wire", "CLinux"),
    library("Pcap", "Interfaces", "Mbufs", "Wire", "CCompression"),
    library("Libpcap", "Pcap", "Interfaces", "Mbufs", "Wire", "CPcap"),
    library(
      "Inspection", "Wire", .product(name: "BasicContainers", package: "swift-collections")),
    library("Reports", "Mbufs", "UMA"),
    library(
      "Replay", "InternetStack", "Interfaces", "Reports", "Mbufs", "UMA", "Wire",
      .product(name: "Histogram", package: "hdrhistogram-swift")),

    .executableTarget(
      name: "mbuma",
      dependencies: [
        "Replay", "Inspection", "Libpcap", "Pcap", "HostInterfaces", "InternetStack", "Interfaces",
        "SocketBuffers", "Reports", "Mbufs", "UMA", "Wire", "CLinux", "CMallocCount", "CPcap",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: house),
    .executableTarget(
      name: "RawEcho",
      dependencies: [
        "HostInterfaces", "InternetStack", "Interfaces", "SocketBuffers", "Mbufs", "Wire",
      ],
      path: "Examples/RawEcho", exclude: ["README.md", "check", "poke.py"], swiftSettings: house),

    .executableTarget(
      name: "UDPEcho", dependencies: ["InternetStack", "SocketBuffers", "Mbufs", "Wire"],
      path: "Examples/UDPEcho", exclude: ["README.md"], swiftSettings: house),
    .testTarget(
      name: "StackInATest",
      dependencies: ["InternetStack", "Interfaces", "SocketBuffers", "Mbufs", "Wire"],
      path: "Examples/StackInATest", exclude: ["README.md"], swiftSettings: house),
    .executableTarget(
      name: "Tunnel", dependencies: ["HostInterfaces", "Interfaces", "Mbufs"],
      path: "Examples/Tunnel", exclude: ["README.md", "check"], swiftSettings: house),

    // Measures zones beside other allocators; `Benchmarks/Allocator/compare` runs it.
    .target(name: "CBench", path: "Benchmarks/CBench"),
    .executableTarget(
      name: "AllocatorBench", dependencies: ["UMA", "CBench"], path: "Benchmarks/Allocator",
      exclude: ["compare", "peers.cc"], swiftSettings: house),
    // What an operation on a packet costs; `Benchmarks/Chains/cost` runs it.
    .executableTarget(
      name: "ChainCost",
      dependencies: ["SocketBuffers", "Mbufs", "Wire", "CBench", "CMallocCount"],
      path: "Benchmarks/Chains", exclude: ["cost"], swiftSettings: house),
    // What a datagram costs in a stack; `Benchmarks/Stack/compare` runs it beside lwIP.
    .executableTarget(
      name: "StackBench",
      dependencies: ["InternetStack", "SocketBuffers", "Mbufs", "Wire", "CMallocCount"],
      path: "Benchmarks/Stack", exclude: ["compare", "peer.c"], swiftSettings: house),

    // What tests and fuzzing compare with; no test library in it.
    .target(name: "Models", dependencies: ["Mbufs"], path: "Tests/Models", swiftSettings: house),
    .target(
      name: "FuzzDriver", dependencies: ["Models", "SocketBuffers", "Mbufs", "UMA"],
      path: "Tests/Fuzz/Driver",
      swiftSettings: house),
    // Reads captures by both readers.
    .target(
      name: "CaptureFuzzDriver", dependencies: ["Libpcap", "Pcap", "Interfaces", "Mbufs", "Wire"],
      path: "Tests/Fuzz/CaptureDriver", swiftSettings: house),
    .target(
      name: "TestSupport", dependencies: ["Models", "Mbufs", "UMA", "CConfine"],
      path: "Tests/TestSupport", swiftSettings: house),
    tests("WireTests", "Wire", "TestSupport"),
    tests(
      "UMATests", "UMA", "CUMA", "CMallocCount", "CConfine", "TestSupport", exclude: ["Vectors"]),
    tests("MbufsTests", "Mbufs", "UMA", "Models", "TestSupport", "CMallocCount"),
    tests("SocketBuffersTests", "SocketBuffers", "Mbufs", "UMA", "Wire", "TestSupport"),
    tests("VectorTests", "SocketBuffers", "Mbufs", "UMA", "TestSupport", exclude: ["Vectors"]),
    tests("InterfacesTests", "Interfaces", "Mbufs", "UMA", "Wire", "TestSupport"),
    tests(
      "InternetStackTests", "InternetStack", "Interfaces", "SocketBuffers", "Mbufs", "UMA", "Wire",
      "TestSupport"),
    tests(
      "HostInterfacesTests", "HostInterfaces", "Interfaces", "Mbufs", "Wire", "TestSupport"),
    tests("InspectionTests", "Inspection", "Wire", "CMallocCount", "TestSupport"),
    tests(
      "PcapTests", "CaptureFuzzDriver", "Libpcap", "Inspection", "Pcap", "Interfaces", "Mbufs",
      "Wire", "TestSupport"),
    tests(
      "ReplayTests", "Replay", "Reports", "Libpcap", "Pcap", "InternetStack", "Interfaces",
      "SocketBuffers",
      "Mbufs", "UMA", "Wire", "CMallocCount", "TestSupport"),
    tests(
      "CommandTests", "mbuma", "RawEcho", "UDPEcho", "HostInterfaces", "InternetStack",
      "Interfaces",
      "SocketBuffers", "Reports",
      "Mbufs", "Wire", "TestSupport"),
    tests("FuzzTests", "CaptureFuzzDriver", "FuzzDriver", "TestSupport"),
    tests("TidyTests"),
  ],
  swiftLanguageModes: [.v6]
)

// libFuzzer has the `main` of its targets, so they build with its flags alone; `Scripts/fuzz` does.
if Context.environment["MBUMA_FUZZ"] != nil {
  let targets = [
    ("FuzzPackets", "FuzzDriver", "Packets"), ("FuzzCaptures", "CaptureFuzzDriver", "Captures"),
  ]
  package.targets += targets.map { name, driver, folder in
    .executableTarget(
      name: name, dependencies: [.byName(name: driver)], path: "Tests/Fuzz/\(folder)",
      swiftSettings: house + [.unsafeFlags(["-parse-as-library"])])
  }
}

// All tests build as one product. Who works on one module builds its tests alone:
//     MBUMA_TESTS="UMATests MbufsTests" swift test
if let wanted = Context.environment["MBUMA_TESTS"]?.split(separator: " ").map(String.init) {
  package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}
