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

func tests(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

let package = Package(
  name: "swift-mbuma",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "UMA", targets: ["UMA"]),
    .library(name: "Mbufs", targets: ["Mbufs"]),
    .library(name: "Wire", targets: ["Wire"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(name: "CThreadCache"),
    library("Wire"),
    library("UMA", "CThreadCache"),
    library("Mbufs", "UMA", "CThreadCache"),
    .target(
      name: "TestSupport", dependencies: ["Mbufs", "UMA"], path: "Tests/TestSupport",
      swiftSettings: house),
    tests("MbufsTests", "Mbufs", "UMA", "TestSupport"),
    tests("WireTests", "Wire"),
  ],
  swiftLanguageModes: [.v6]
)
