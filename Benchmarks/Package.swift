// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that what is needed to measure never reaches whoever embeds the engine.
let package = Package(
    name: "muniment-benchmarks",
    dependencies: [
        .package(name: "muniment", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CBenchLZ4", providers: [.apt(["liblz4-dev"])]),
        .executableTarget(
            name: "muniment-bench",
            dependencies: [
                "CRocksDB", "CSQLite", "CBenchLZ4",
                .product(name: "Muniment", package: "muniment"),
                .product(name: "MunimentVerify", package: "muniment"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
    ]
)
