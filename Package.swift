// swift-tools-version: 6.2

import PackageDescription

/// One list for every target: Swift 6 mode, strict imports, warnings are errors.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// A shared object `libCisoNAME.so` from `Plugins/NAME`: one distro.
func plugin(_ name: String) -> (product: Product, target: Target) {
    (
        .library(name: "Ciso\(name)", type: .dynamic, targets: ["Ciso\(name)"]),
        .target(name: "Ciso\(name)", dependencies: ["PluginKit"], path: "Plugins/\(name)", swiftSettings: settings)
    )
}

let plugins = ["Alpine", "ArchLinux", "Debian", "Fedora", "FreeBSD", "Image", "MacOS", "NetBSD", "OpenBSD", "Ubuntu"]
    .map(plugin)

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + dependencies, exclude: exclude,
        resources: resources, swiftSettings: settings)
}

func library(_ name: String, pkgConfig: String, debian: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debian])])
}

let package = Package(
    name: "ciso",
    products: [
        .executable(name: "ci", targets: ["ci"]),
        .library(name: "Archive", targets: ["Archive"]),
        .library(name: "OpamFormat", targets: ["OpamFormat"]),
        .library(name: "OpamSolver", targets: ["OpamSolver"]),
        .library(name: "Store", targets: ["Store"]),
        .library(name: "Scheduler", targets: ["Scheduler"]),
        .library(name: "PluginKit", targets: ["PluginKit"]),
    ] + plugins.map(\.product),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        library("CCrypto", pkgConfig: "libcrypto", debian: "libssl-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", debian: "libyaml-dev"),
        library("CGit2", pkgConfig: "libgit2", debian: "libgit2-dev"),
        library("CCurl", pkgConfig: "libcurl", debian: "libcurl4-openssl-dev"),
        library("CZlib", pkgConfig: "zlib", debian: "zlib1g-dev"),
        .systemLibrary(name: "CSync"),
        library("CArchive", pkgConfig: "libarchive", debian: "libarchive-dev"),
        .target(name: "CSandbox"),
        .target(name: "PluginABI"),

        module("ShellQuoting"),
        module("System", ["CSandbox", "CSync", .product(name: "SystemPackage", package: "swift-system")]),
        module("Core", ["CCrypto", "System"]),
        module("Git", [logging, "CGit2", "CZlib", "Core", "System"]),
        module("Archive", ["CArchive", "Core", "ShellQuoting", "System"]),
        module("HTTP", ["CCurl", "Core", "System"]),
        module("OpamFormat"),
        module("OpamSolver", ["OpamFormat"]),
        module("OpamRepository", [logging, "Archive", "Core", "Git", "OpamFormat", "OpamSolver", "System"]),
        module(
            "OpamSwitch", ["Archive", "Core", "OpamFormat", "ShellQuoting", "System"],
            resources: [.embedInCode("Scripts")]),
        module("Store", [logging, "Archive", "Core", "Git", "System"]),
        module("Etcd", [logging, "Core", "HTTP", "Store", "System"]),
        module(
            "Hub", [logging, "Core", "Git", "Model", "Records", "ShellQuoting", "Store", "System"]),
        module(
            "Images",
            [logging, "Archive", "Core", "HTTP", "Layers", "Registry", "System"]),
        module("Registry", [logging, "Core", "HTTP", "Layers", "Store", "System"]),
        module("Model", ["Archive", "Core", "PluginMessages"]),
        module("Records", ["Archive", "Core", "Model", "Git", "Store", "System"]),
        module("YAML", ["Core", "CYAML", "System"]),
        module("Matrix", ["Core", "PluginMessages", "YAML"]),
        module("PluginMessages"),
        module("LogReading", ["PluginMessages", "System"]),
        module("PluginKit", ["PluginABI", "PluginMessages", "ShellQuoting"]),
        module("PluginHost", [logging, "Core", "PluginABI", "PluginMessages", "System"]),
        .executableTarget(
            name: "ciso-plugin-host", dependencies: ["PluginABI"], cSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [.linkedLibrary("dl")]),
        tests("PluginKit", []),
        tests("ShellQuoting", []),
        .testTarget(
            name: "PluginHostTests",
            dependencies: ["Core", "PluginHost", "PluginMessages", "PluginTools", "TestSupport", "ciso-plugin-host"],
            exclude: ["Hostile"],
            swiftSettings: settings),
        .testTarget(
            name: "PluginTests",
            dependencies: [
                "Core", "LogReading", "Matrix", "PluginHost", "PluginMessages", "PluginTools", "TestSupport", "YAML",
                "ciso-plugin-host",
            ],
            exclude: ["Data"],
            swiftSettings: settings),
        module(
            "Planner",
            ["Archive", "Core", "Model", "Matrix", "OpamFormat", "OpamSolver", "YAML", "System"],
            resources: [.embedInCode("Scripts")]),
        module(
            "PlanSession",
            [
                logging, "Archive", "Core", "Model", "Fetching", "Git", "Images", "Matrix", "OpamFormat",
                "OpamRepository",
                "OpamSolver", "Planner", "PluginHost", "PluginMessages", "Records", "Store", "Supervision", "System",
                "YAML",
            ]),
        module(
            "PluginTools",
            [
                "Archive", "Core", "LogReading", "OpamFormat", "OpamRepository", "PluginHost", "PluginMessages",
                "Sandbox", "ShellQuoting", "Supervision", "System",
            ], resources: [.embedInCode("Scripts")]),
        module("Scheduler"),
        module("Supervision", ["Archive", "Core", "CSandbox", "System"]),
        module("Layers", ["Archive", "Core", "Supervision", "System"]),
        module("Sandbox", ["Core", "Layers", "Supervision", "System"]),
        module(
            "SSH", [logging, "Archive", "Core", "ShellQuoting", "Supervision", "System"],
            resources: [.embedInCode("Scripts")]),
        module("Machines", [logging, "Archive", "Core", "Layers", "PluginMessages", "Supervision", "System"]),
        module(
            "Fetching",
            [
                logging, "Archive", "Core", "Git", "HTTP", "Layers", "OpamFormat", "OpamSwitch", "Supervision",
                "System",
            ]),
        module("MachineImages", ["Archive", "Core", "Machines", "PluginMessages", "System"]),
        module("RunnerInterface", ["Core", "Model"]),
        module(
            "Worker",
            [
                logging, "Archive", "Core", "Model", "Fetching", "Images", "Layers", "LogReading", "OpamFormat",
                "OpamSwitch",
                "Machines", "PluginHost", "PluginMessages", "RunnerInterface", "SSH", "Sandbox", "ShellQuoting",
                "Supervision",
                "System",
            ], resources: [.embedInCode("Scripts")]),
        module("Agent", [logging, "Core", "Model", "Records", "RunnerInterface", "Store", "System"]),
        module(
            "Engine",
            [logging, "Agent", "Core", "Hub", "Model", "Records", "RunnerInterface", "Scheduler", "Store", "System"]),
        module(
            "Doctor",
            ["Core", "Layers", "Machines", "PluginHost", "SSH", "Sandbox", "Store", "Supervision", "System", "Worker"]),
        module(
            "Review",
            [
                "Core", "Model", "Git", "LogReading", "OpamFormat", "PluginMessages", "Records", "RunnerInterface",
                "Store", "System",
            ]),
        module(
            "Pages", [mustache, "Core", "Model", "Records", "Review", "Store", "System"],
            resources: [.embedInCode("Assets"), .embedInCode("Templates")]),
        module("Notices", ["Core", "HTTP", "Model", "Records", "Review", "Store", "System"]),
        .executableTarget(
            name: "ci",
            dependencies: [
                argumentParser, logging, "Agent", "Core", "Doctor", "Model", "Engine", "Etcd", "Fetching", "Git",
                "HTTP", "Hub", "Images", "LogReading", "MachineImages", "Machines",
                "Matrix", "Notices",
                "OpamRepository", "OpamSolver", "Pages", "Planner", "PlanSession", "PluginHost", "PluginMessages",
                "PluginTools",
                "Records", "Registry", "Review", "RunnerInterface", "SSH", "Store", "Supervision", "System", "Worker",
                "YAML",
            ],
            swiftSettings: settings),

        .executableTarget(
            name: "PlanBenchmark",
            dependencies: [
                "Core", "Model", "Git", "Matrix", "OpamFormat", "OpamRepository", "OpamSolver", "Planner",
                "PlanSession", "Store", "YAML",
            ],
            path: "Benchmarks/Plan", swiftSettings: settings),
        .executableTarget(
            name: "SolveBenchmark", dependencies: ["Core", "OpamFormat", "OpamRepository", "OpamSolver"],
            path: "Benchmarks/Solve", exclude: ["count-instructions"], swiftSettings: settings),
        .executableTarget(
            name: "StoreBenchmark", dependencies: ["Core", "Git", "Store"], path: "Benchmarks/Store",
            swiftSettings: settings),
        .executableTarget(
            name: "store-writer", dependencies: ["Core", "Git", "Store"], path: "Tests/StoreWriter",
            swiftSettings: settings),
        .executableTarget(
            name: "LogBenchmark", dependencies: ["LogReading"], path: "Benchmarks/Logs", swiftSettings: settings),
        .executableTarget(
            name: "ExecutionBenchmark", dependencies: ["Core", "Layers", "Sandbox", "Supervision"],
            path: "Benchmarks/Execution",
            exclude: ["compare-with-opam", "small-packages"], swiftSettings: settings),

        .executableTarget(
            name: "NetworkBenchmark",
            dependencies: [
                "Agent", "Core", "Engine", "Etcd", "HTTP", "Model", "Records", "Registry", "RunnerInterface", "Store",
            ],
            path: "Benchmarks/Network", exclude: ["compare", "measure"], swiftSettings: settings),

        .executableTarget(
            name: "DispatchBenchmark",
            dependencies: [
                "Agent", "Core", "Engine", "Model", "Records", "RunnerInterface", "Scheduler", "SchedulerSimulation",
                "Store",
            ],
            path: "Benchmarks/Dispatch",
            exclude: ["mutation-run"], swiftSettings: settings),

        .executableTarget(
            name: "ReviewBenchmark", dependencies: ["Core", "Git", "Model", "Records", "Review", "Store", "System"],
            path: "Benchmarks/Review", swiftSettings: settings),

        .target(name: "TestSupport", dependencies: ["System"], path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "SandboxTestSupport", dependencies: ["Archive", "Sandbox", "Supervision", "TestSupport"],
            path: "Tests/SandboxTestSupport", swiftSettings: settings),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: settings),
        tests("System", ["system-probe"]),
        .executableTarget(
            name: "system-probe", dependencies: ["System"], path: "Tests/SystemProbe", swiftSettings: settings),
        tests("Core", []),
        tests("OpamSolver", []),
        .testTarget(
            name: "RemoteRunTests",
            dependencies: ["TestSupport", "ci", "ciso-plugin-host"], swiftSettings: settings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ci", "CisoDebian", "Core", "Model", "Records", "Store", "TestSupport", "ciso-plugin-host",
            ],
            swiftSettings: settings),
        tests("LogReading", ["PluginMessages"], exclude: ["Variants.jsonl"]),
        tests("Model", ["Archive", "Core"]),
        tests("Pages", ["Model"]),
        .target(
            name: "SchedulerSimulation", dependencies: ["Scheduler"], path: "Tests/SchedulerSimulation",
            swiftSettings: settings),
        tests("Scheduler", ["SchedulerSimulation"]),
        tests("Doctor", ["Core", "PluginHost", "SSH", "System"]),
        tests(
            "Review",
            ["Core", "LogReading", "Model", "PluginMessages", "Records", "RunnerInterface", "Store", "System"]),
        tests("Engine", ["Agent", "Core", "Etcd", "Model", "Records", "Review", "RunnerInterface", "Store"]),
        tests("YAML", ["Core"]),
        tests("Matrix", ["Core", "YAML"], resources: [.copy("Broken")]),
        tests(
            "Planner",
            [
                "Archive", "Core", "Model", "Fetching", "Git", "Matrix", "OpamFormat", "OpamRepository",
                "OpamSolver", "PlanSession", "Records", "Store", "YAML",
            ]),
        tests("PluginTools", ["Core", "PluginHost", "PluginMessages"]),
        tests("Archive", ["Core", "System"]),
        tests("OpamFormat", []),
        tests("OpamSwitch", ["Archive", "Core", "OpamFormat"]),
        tests("OpamRepository", ["Archive", "Core", "Git", "OpamFormat", "OpamSolver"]),
        tests(
            "Worker",
            [
                "Archive", "ci", "CisoDebian", "Core", "Model", "Fetching", "Git", "Layers", "LogReading", "OpamFormat",
                "OpamSwitch",
                "PlanSession",
                "PluginHost",
                "PluginMessages", "HTTP", "Registry", "RunnerInterface",
                "Sandbox", "Supervision", "ciso-plugin-host", "System",
            ]),
        .testTarget(
            name: "MachinesTests",
            dependencies: ["ci", "ciso-plugin-host", "Core", "Machines", "PluginMessages", "TestSupport"],
            exclude: ["BootProgram.S", "Programs", "make-debian-guest", "make-guest"], swiftSettings: settings),
        tests("Fetching", ["Archive", "Core", "Git", "OpamFormat", "OpamSwitch"]),
        tests("Git", ["Core"]),
        tests("HTTP", ["Core", "System"]),
        tests("Etcd", ["HTTP", "Store"]),
        tests("Hub", ["Core", "Git", "Model", "Records", "Store", "System"]),
        tests("Registry", ["Core", "HTTP", "System"]),
        tests("Images", ["Archive", "Core", "HTTP", "Layers", "Registry", "System"]),
        .testTarget(
            name: "MachineImagesTests",
            dependencies: [
                "ci", "Core", "MachineImages", "Machines", "PluginHost", "PluginMessages", "System", "TestSupport",
                "ciso-plugin-host",
            ],
            exclude: ["Guest"], swiftSettings: settings),
        tests("Store", ["Core", "Etcd", "Git", "store-writer"]),
        tests(
            "Sandbox",
            ["Archive", "ci", "ciso-plugin-host", "Core", "Layers", "SandboxTestSupport", "Supervision", "System"]),
        tests("SSH", ["Archive", "Core", "Layers", "Sandbox", "SandboxTestSupport", "Supervision"]),
    ] + plugins.map(\.target)
)

// `swift build` also builds benchmarks and helpers of tests. Who only wants to run ciso does without:
// scripts/quickstart.
if Context.environment["CISO_BUILD"] == "products" {
    package.targets.removeAll { target in
        target.isTest || ["Benchmarks/", "Tests/"].contains { target.path?.hasPrefix($0) == true }
    }
}
