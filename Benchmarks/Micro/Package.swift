// swift-tools-version: 6.1
import PackageDescription

// The micro level, with ordo-one/benchmark. A package of its own again: its plugins and their dependencies reach not even the other benchmarks.
let package = Package(
    name: "muniment-micro",
    dependencies: [
        .package(name: "muniment", path: "../.."),
        // Without traits: allocations are counted by CAllocationCount, which needs no allocator of its own, and retains are not counted.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .target(name: "CAllocationCount"),
        .systemLibrary(name: "CMicroLZ4", providers: [.apt(["liblz4-dev"])]),
        .executableTarget(
            name: "MunimentMicro",
            dependencies: [
                "CAllocationCount", "CMicroLZ4",
                .product(name: "Muniment", package: "muniment"),
                .product(name: "MunimentVerify", package: "muniment"),
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Benchmarks/MunimentMicro",
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")],
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
