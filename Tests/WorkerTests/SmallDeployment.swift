import Core
import Foundation
import Glibc
import Store
import TestSupport

@testable import Worker

/// A store, and a matrix of small packages in it, for `ci` as a process of its own.
struct SmallDeployment {
    private let directory: TemporaryDirectory

    /// Plans them.
    ///
    /// - Parameter packages: opam files by package, in addition to those of the compiler.
    init(_ packages: [String: String]) async throws {
        // Makes the root file system if need be.
        let fixture = try await QuickstartFixture()
        _ = try await TargetEnvironments(
            fixture.directories.environmentStore, catalog: fixture.catalog, variables: .ofTests
        )
        .environment(of: fixture.target) { _ in }
        directory = try TemporaryDirectory()
        let compiler = [
            "ocaml.4.13.1": #"depends: "ocaml-system""#,
            "ocaml-system.4.13.1": #"flags: compiler available: sys-ocaml-version = "4.13.1""#,
        ]
        for (package, text) in packages.merging(compiler, uniquingKeysWith: { own, _ in own }) {
            let name = package.prefix { $0 != "." }
            try directory.write("opam-version: \"2.0\"\n\(text)\n", to: "repo/packages/\(name)/\(package)/opam")
        }
        let matrix = """
            deployment: small
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [{system: "4.13.1"}]
            packages: all
            """
        try directory.write(matrix, to: "small.yaml")
        // The root file systems are those of the tests.
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
        symlink(fixture.directories.environments, cache.appending(path: "environments").path)
        try program("plan").output()
    }

    var store: URL { directory.url.appending(path: "store") }
    /// The worker's.
    var cache: URL { directory.url.appending(path: "cache/worker") }
    var layersDirectory: URL { cache.appending(path: "layers") }
    /// The directory of the archives of layers.
    var objects: URL { store.appending(path: "ciso/objects") }

    /// `ci plan` or `ci run`, not yet started.
    func program(_ command: String) throws -> Program {
        let jobs = command == "run" ? ["--jobs", "2"] : []
        return try ci([command, directory("small.yaml"), "--quiet"] + jobs)
    }

    /// Any command on the store.
    func ci(_ words: [String]) throws -> Program {
        let environment = ["CISO_CACHE": directory("cache"), "CISO_SOURCE_CACHE": "\(QuickstartFixture.cache)/sources"]
        return Program(
            [try BuiltProgram.path(of: "ci")] + words + ["--store", store.path],
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
    }

    /// The processes whose command lines or mounts still contain the store after the given number of seconds.
    func leftProcesses(after seconds: Int) -> [String] {
        var left: [String] = []
        for _ in 0..<(seconds * 100) {
            left = ProcessTable.identifiers.filter { process in
                process != getpid()
                    && ["cmdline", "mountinfo"].contains { file in
                        let bytes = FileManager.default.contents(atPath: "/proc/\(process)/\(file)") ?? Data()
                        return String(decoding: bytes, as: UTF8.self).contains(directory.url.lastPathComponent)
                    }
            }.map { "\($0) \(ProcessTable.words(of: $0).joined(separator: " ").prefix(200))" }
            if left.isEmpty { break }
            usleep(10_000)
        }
        return left
    }

    private static let branch = "results/small/debian-12"

    /// The verdicts, if there are any yet, each with the name of its document's object.
    func recorded() throws -> [String: String] {
        guard gitSucceeds("rev-parse", "--verify", Self.branch, at: store.path) else { return [:] }
        let lines = try git("ls-tree", "-r", Self.branch, at: store.path).split(separator: "\n")
        return Dictionary(
            lines.compactMap { line in
                let parts = line.split { $0 == "\t" || $0 == " " }
                guard parts.count == 4, !parts[3].hasPrefix("index/") else { return nil }
                return (String(parts[3]), String(parts[2]))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// How many commits changed each verdict.
    func timesRecorded() throws -> [Substring: Int] {
        let lines = try git("log", "--format=", "--name-only", Self.branch, at: store.path).split(separator: "\n")
        return Dictionary(lines.filter { !$0.hasPrefix("index/") }.map { ($0, 1) }, uniquingKeysWith: +)
    }

    /// The states of packages according to `ci results`.
    func states() throws -> [String: String] {
        let states = try ci(["results", "--format", "json"]).run().cellStates()
        return Dictionary(uniqueKeysWithValues: states.map { (String($0.key.split(separator: "/")[2]), $0.value) })
    }

    /// The layer of each cell's build, by cell.
    func layersOfCells() throws -> [String: String] {
        struct Result: Decodable {
            var layer: String?
        }
        return try recorded().keys.reduce(into: [:]) { layers, path in
            let json = try git("show", "\(Self.branch):\(path)", at: store.path)
            layers[path] = try JSONDecoder().decode(Result.self, from: Data(json.utf8)).layer
        }
    }

    /// The archives of layers, by their paths.
    func layers() throws -> [String] {
        let objects = FileManager.default.enumerator(atPath: objects.path)
        return try (objects?.compactMap { $0 as? String } ?? []).filter { name in
            guard name.utf8.count == 67 else { return false }
            // Requests and the documents that they name are objects too.
            let file = try FileHandle(forReadingFrom: self.objects.appending(path: name))
            defer { try? file.close() }
            return try file.read(upToCount: 4) == Data([0x28, 0xb5, 0x2f, 0xfd])
        }
    }

    /// Archives that do not match their names, and unpacked layers that lack a file.
    func damagedLayers() throws -> [String] {
        try layers().filter { name in
            let file = objects.appending(path: name)
            let digest = Digest(of: Array(try Data(contentsOf: file))).hex
            guard name.hasSuffix("/\(digest)") else { return true }
            let unpacked = layersDirectory.appending(path: digest).path
            guard FileManager.default.fileExists(atPath: unpacked) else { return false }
            let expected = try listing(of: file.path)
            return expected.contains { !FileManager.default.fileExists(atPath: "\(unpacked)/\($0)") }
        }
    }

    private func listing(of archive: String) throws -> [Substring] {
        try Program(["tar", "--zstd", "-tf", archive]).output().split(separator: "\n").filter { !$0.contains(".wh.") }
    }

    /// The remaining files in directories of unfinished work, after a run has ended.
    func leftovers() throws -> [String] {
        let ciso = store.appending(path: "ciso")
        let directories = [
            cache.appending(path: "layers/incoming"), objects.appending(path: "incoming"),
            ciso.appending(path: "worker/scratch"), ciso.appending(path: "worker/logs"),
            ciso.appending(path: "logs/running"), cache.appending(path: "sessions"),
        ]
        return try directories.flatMap { directory in
            try FileManager.default.contentsOfDirectory(atPath: directory.path).map {
                directory.appending(path: $0).path
            }
        }
    }

    /// The remaining ephemeral values of dispatchers and workers, by their paths.
    func dispatchValues() throws -> [String] {
        let values = try WorkerStore(opening: store.path).ephemeral
        return try ["assignments", "reports", "modes"].flatMap { prefix in
            try values.values(below: StorePath(prefix)).keys.map(\.description)
        }
    }
}
