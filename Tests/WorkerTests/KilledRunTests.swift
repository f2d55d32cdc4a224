import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Worker

/// `ci run`, killed at random moments and started again, with real builds of small packages.
@Suite(.serialized, .enabled(if: QuickstartWorld.isPossible, "needs root, mmdebstrap and bwrap"))
struct KilledRunTests {
    /// After each kill: what was recorded is still recorded and the same, every layer that is there is whole, no process
    /// and no mount is left. At the end: each cell was recorded once.
    @Test func nothingThatWasRecordedIsLostOrRepeated() async throws {
        // Makes the root file system if need be.
        let world = try await QuickstartWorld()
        _ = try await TargetEnvironments(world.folders.environments, catalog: world.catalog)
            .environment(of: world.target) { _ in }
        var random = SeededGenerator()
        let seed = random.seed
        let deployment = try KillableDeployment(environments: world.folders.environments, packages: 24, &random)

        var recorded: [String: String] = [:]
        for kill in 1...(LongForm.isWanted ? 50 : 4) {
            let milliseconds = UInt32.random(in: 5...900, using: &random)
            let process = try deployment.program("run").start()
            usleep(milliseconds * 1000)
            process.kill(SIGKILL)
            process.wait()
            let context = "seed \(seed), kill \(kill) after \(milliseconds) ms"
            #expect(deployment.isQuiet(within: 5), "\(context): a process or mount is left")
            let now = try deployment.recorded()
            for (path, object) in recorded { #expect(now[path] == object, "\(context): \(path)") }
            recorded = now
            #expect(try deployment.damagedLayers() == [], "\(context)")
        }
        try deployment.program("run").output()
        let last = try deployment.recorded()
        for (path, object) in recorded { #expect(last[path] == object, "seed \(seed): \(path)") }
        #expect(last.count == 26, "seed \(seed)")
        #expect(try deployment.timesRecorded().values.allSatisfy { $0 == 1 }, "seed \(seed)")
        #expect(try deployment.leftovers() == [])
        #expect(try git("fsck", "--strict", at: deployment.store.path) == "")
    }
}

/// A store, and a matrix of packages that each take a moment to build, some over others.
private struct KillableDeployment {
    private let folder: TemporaryDirectory

    init(environments: String, packages: Int, _ random: inout SeededGenerator) throws {
        folder = try TemporaryDirectory()
        var files = [
            "ocaml.4.13.1": #"depends: "ocaml-system""#,
            "ocaml-system.4.13.1": #"flags: compiler available: sys-ocaml-version = "4.13.1""#,
        ]
        for number in 1...packages {
            let inputs = (1..<number).filter { _ in Int.random(in: 0..<number, using: &random) < 2 }
            let needs = inputs.map { "\"p\($0)\"" } + ["\"ocaml\""]
            let tenths = Int.random(in: 0...2, using: &random)
            files["p\(number).1"] = """
                depends: [\(needs.joined(separator: " "))]
                build: ["sh" "-c" "sleep 0.\(tenths); head -c 100000 /dev/urandom >data"]
                install: ["cp" "data" "%{lib}%/p\(number)"]
                """
        }
        for (package, text) in files {
            let name = package.prefix { $0 != "." }
            try folder.write("opam-version: \"2.0\"\n\(text)\n", to: "repo/packages/\(name)/\(package)/opam")
        }
        let matrix = """
            deployment: killed
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [{system: "4.13.1"}]
            packages: all
            """
        try folder.write(matrix, to: "killed.yaml")
        // The first plan makes the store; its root file systems are those of the tests.
        let worker = store.appending(path: "ciso/worker")
        try program("plan").output()
        try FileManager.default.createDirectory(at: worker, withIntermediateDirectories: true)
        symlink(environments, worker.appending(path: "environments").path)
    }

    var store: URL { folder.url.appending(path: "store") }
    private var layers: URL { store.appending(path: "ciso/worker/layers") }

    func program(_ command: String) throws -> Program {
        Program(
            [
                try BuiltProgram.path(of: "ci"), command, folder("killed.yaml"), "--store", store.path, "--quiet",
            ] + (command == "run" ? ["--jobs", "2"] : []))
    }

    /// Whether no process shows the store in its command line or among its mounts, soon.
    func isQuiet(within seconds: Int) -> Bool {
        for _ in 0..<(seconds * 100) {
            let busy = ProcessTable.identifiers.contains { process in
                process != getpid()
                    && ["cmdline", "mountinfo"].contains { file in
                        let bytes = FileManager.default.contents(atPath: "/proc/\(process)/\(file)") ?? Data()
                        return String(decoding: bytes, as: UTF8.self).contains(folder.url.lastPathComponent)
                    }
            }
            if !busy { return true }
            usleep(10_000)
        }
        return false
    }

    private static let branch = "results/killed/debian-12"

    /// The verdicts, each with the name of its document's object.
    func recorded() throws -> [String: String] {
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

    /// Archives that are not what their names say, and unpacked layers that lack a file of theirs.
    func damagedLayers() throws -> [String] {
        let objects = FileManager.default.enumerator(atPath: layers.appending(path: "objects").path)
        return try (objects?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".tar.zst") }.filter { name in
            let file = layers.appending(path: "objects/\(name)")
            let digest = Digest(of: Array(try Data(contentsOf: file))).hex
            guard name.hasSuffix("\(digest).tar.zst") else { return true }
            let unpacked = layers.appending(path: digest).path
            guard FileManager.default.fileExists(atPath: unpacked) else { return false }
            let expected = try listing(of: file.path)
            return expected.contains { !FileManager.default.fileExists(atPath: "\(unpacked)/\($0)") }
        }
    }

    private func listing(of archive: String) throws -> [Substring] {
        try Program(["tar", "--zstd", "-tf", archive]).output().split(separator: "\n").filter { !$0.contains(".wh.") }
    }

    /// What is left where unfinished things lie, once a run has come to its end.
    func leftovers() throws -> [String] {
        let worker = store.appending(path: "ciso/worker")
        return try ["layers/incoming", "scratch", "logs"].flatMap { place in
            try FileManager.default.contentsOfDirectory(atPath: worker.appending(path: place).path)
                .map { "\(place)/\($0)" }
        }
    }
}
