// swift-tools-version: 6.2

import PackageDescription

// The server of `ci serve` is a separate package: SwiftNIO takes minutes to compile, and it imports a module `System`
// if one can be found, which in ciso's package is a different one. `Modules` is a link to the sources of ciso.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Modules/\(name)", resources: resources, swiftSettings: settings)
}

func library(_ name: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Modules/\(name)", pkgConfig: pkgConfig)
}

let package = Package(
    name: "ciso-serve",
    products: [.executable(name: "ciso-serve", targets: ["ciso-serve"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        library("CArchive", pkgConfig: "libarchive"),
        library("CCrypto", pkgConfig: "libcrypto"),
        library("CCurl", pkgConfig: "libcurl"),
        library("CGit2", pkgConfig: "libgit2"),
        library("CSync"),
        library("CZlib", pkgConfig: "zlib"),
        .target(name: "CSandbox", path: "Modules/CSandbox"),
        module("ShellQuoting"),
        module("System", ["CSandbox", "CSync", .product(name: "SystemPackage", package: "swift-system")]),
        module("Core", ["CCrypto", "System"]),
        module("Git", [logging, "CGit2", "CZlib", "Core", "System"]),
        module("Archive", ["CArchive", "Core", "ShellQuoting", "System"]),
        module("PluginMessages"),
        module("LogReading", ["PluginMessages", "System"]),
        module("OpamFormat"),
        module("HTTP", ["CCurl", "Core", "System"]),
        module("Store", [logging, "Archive", "Core", "Git", "System"]),
        module("Etcd", [logging, "Core", "HTTP", "Store", "System"]),
        module("Model", ["Archive", "Core", "PluginMessages"]),
        module("Records", ["Archive", "Core", "Model", "Git", "Store", "System"]),
        module("RunnerInterface", ["Core", "Model"]),
        module(
            "Review",
            [
                "Core", "Model", "Git", "LogReading", "OpamFormat", "PluginMessages", "Records", "RunnerInterface",
                "Store", "System",
            ]),
        module(
            "Pages",
            [
                .product(name: "Mustache", package: "swift-mustache"), "Core", "Model", "Records", "Review", "Store",
                "System",
            ],
            resources: [.embedInCode("Assets"), .embedInCode("Templates")]),
        .executableTarget(
            name: "ciso-serve",
            dependencies: [
                logging, .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                "Archive", "Core", "Etcd", "HTTP", "Model", "Pages", "Records", "Review", "Store", "System",
            ], path: "Sources", swiftSettings: settings),
    ]
)
