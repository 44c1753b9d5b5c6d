// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "muniment-benchmarks",
    dependencies: [
        .package(name: "muniment", path: ".."),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .executableTarget(
            name: "muniment-bench",
            dependencies: [
                "CRocksDB", "CSQLite",
                .product(name: "Muniment", package: "muniment"),
                .product(name: "MunimentVerify", package: "muniment"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
    ]
)
