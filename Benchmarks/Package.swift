// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "muniment-benchmarks",
    dependencies: [
        .package(name: "muniment", path: ".."),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        .executableTarget(
            name: "muniment-bench",
            dependencies: [
                .product(name: "Muniment", package: "muniment"),
                .product(name: "MunimentVerify", package: "muniment"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
    ]
)
