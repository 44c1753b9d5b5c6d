// swift-tools-version: 6.1
import PackageDescription

/// Settings of every Swift target: Swift 6 mode and imports that say how far they reach.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// One library target. Lower targets never import higher ones; the order below is that order.
func layer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies, swiftSettings: settings)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "muniment",
    products: [
        .library(name: "Muniment", targets: ["Muniment"]),
        .library(name: "MunimentVerify", targets: ["MunimentVerify"]),
        .executable(name: "muniment", targets: ["MunimentCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CMunimentKernels"),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        // Of the command alone: no library product reaches it, so no embedder needs it.
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .target(name: "CMunimentZip", dependencies: ["CArchive"]),
        layer("MunimentFormat", ["CMunimentKernels"]),
        layer("MunimentCrypto", ["MunimentFormat", "CMunimentKernels", "CLZ4", "CSodium", crypto]),
        layer("MunimentMerkle", ["MunimentFormat", "MunimentCrypto"]),
        layer("MunimentNote", ["MunimentFormat", "MunimentCrypto", "MunimentMerkle"]),
        layer(
            "MunimentStore",
            ["MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote", "CMunimentKernels", "CLZ4"]),
        layer(
            "MunimentVerify",
            ["MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote", "CMunimentKernels", "CLZ4"]),
        layer("MunimentInput", ["MunimentFormat"]),
        layer(
            "Muniment",
            ["MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote", "MunimentStore", log, metrics]),
        .executableTarget(
            name: "MunimentCLI",
            dependencies: [
                "Muniment", "MunimentVerify", "MunimentInput", "CMunimentKernels", "CMunimentZip", arguments,
            ],
            swiftSettings: settings),
        tests("MunimentFormat", []),
        tests("MunimentCrypto", ["MunimentFormat", "CMunimentKernels", crypto]),
        tests("MunimentMerkle", ["MunimentFormat", "MunimentCrypto"]),
        tests("MunimentNote", ["MunimentFormat", "MunimentCrypto", "MunimentMerkle"]),
        tests("MunimentInput", ["MunimentFormat"]),
        tests("MunimentStore", ["MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote"]),
        tests(
            "MunimentVerify",
            ["Muniment", "MunimentStore", "MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote"]),
        tests("Muniment", ["MunimentStore", "MunimentFormat", "MunimentInput", "MunimentVerify", log]),
        tests("MunimentCLI", ["Muniment"]),
        // What the fuzzers feed: in no product, so no embedder builds it.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "MunimentFormat", "MunimentCrypto", "MunimentMerkle", "MunimentNote", "MunimentStore", "MunimentInput",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: settings),
        .testTarget(name: "RepositoryTests", swiftSettings: settings),
        .testTarget(
            name: "FuzzSampleTests", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Sample", swiftSettings: settings),
    ]
)

// The fuzzers' executable has no main function of its own: only Tests/Fuzz/run.sh, which sets the variable, can link it.
if Context.environment["MUNIMENT_FUZZ"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "FuzzRunner", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Runner",
            swiftSettings: settings + [.enableExperimentalFeature("Extern")]))
}

// The documentation's generator reaches no embedder: MUNIMENT_DOCS=1 swift package generate-documentation --target Muniment
if Context.environment["MUNIMENT_DOCS"] == "1" {
    package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
