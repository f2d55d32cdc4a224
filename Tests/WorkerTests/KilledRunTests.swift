import Core
import Foundation
import Glibc
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
        let seed =
            ProcessInfo.processInfo.environment["CISO_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 1...999_999)
        print("seed \(seed): CISO_TEST_SEED=\(seed) repeats it")
        var random = SmallGenerator(state: seed)
        let deployment = try KillableDeployment(environments: world.folders.environments, packages: 24, &random)
        defer { deployment.remove() }

        var recorded: [String: String] = [:]
        for kill in 1...(QuickstartWorld.isFull ? 50 : 4) {
            let milliseconds = UInt32.random(in: 5...900, using: &random)
            let process = try deployment.start()
            usleep(milliseconds * 1000)
            Glibc.kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
            let context = "seed \(seed), kill \(kill) after \(milliseconds) ms"
            #expect(deployment.isQuiet(within: 5), "\(context): a process or mount is left")
            let now = try deployment.recorded()
            for (path, object) in recorded { #expect(now[path] == object, "\(context): \(path)") }
            recorded = now
            #expect(try deployment.damagedLayers() == [], "\(context)")
        }
        let process = try deployment.start()
        var status: Int32 = 0
        waitpid(process, &status, 0)
        #expect(status == 0)
        let last = try deployment.recorded()
        for (path, object) in recorded { #expect(last[path] == object, "seed \(seed): \(path)") }
        #expect(last.count == 26, "seed \(seed)")
        #expect(try deployment.timesRecorded().values.allSatisfy { $0 == 1 }, "seed \(seed)")
        #expect(try deployment.leftovers() == [])
        #expect(try deployment.git("fsck", "--strict") == "")
    }
}

/// A store, and a matrix of packages that each take a moment to build, some over others.
private struct KillableDeployment {
    let folder: URL
    private let program: String

    init(environments: String, packages: Int, _ random: inout SmallGenerator) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "ciso-killed-\(UUID().uuidString)")
        program = QuickstartWorld.directory(of: "ci") + "/ci"
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
            let place = folder.appending(path: "repo/packages/\(name)/\(package)")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data("opam-version: \"2.0\"\n\(text)\n".utf8).write(to: place.appending(path: "opam"))
        }
        let matrix = """
            deployment: killed
            repositories: [{path: repo}]
            targets: [debian-12]
            compilers: [{system: "4.13.1"}]
            packages: all
            """
        try Data(matrix.utf8).write(to: folder.appending(path: "killed.yaml"))
        // The first plan makes the store; its root file systems are those of the tests.
        let worker = store.appending(path: "ciso/worker")
        var status: Int32 = 0
        waitpid(try start("plan"), &status, 0)
        try FileManager.default.createDirectory(at: worker, withIntermediateDirectories: true)
        symlink(environments, worker.appending(path: "environments").path)
    }

    private var store: URL { folder.appending(path: "store") }
    private var layers: URL { store.appending(path: "ciso/worker/layers") }

    func remove() {
        unlink(store.appending(path: "ciso/worker/environments").path)
        try? FileManager.default.removeItem(at: folder)
    }

    func start(_ command: String = "run") throws -> pid_t {
        let words =
            [program, command, folder.path + "/killed.yaml", "--store", store.path, "--quiet"]
            + (command == "run" ? ["--jobs", "2"] : [])
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let log = folder.appending(path: "output").path
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawn(&process, program, &actions, nil, arguments, environ) == 0 else {
            throw CocoaError(.fileNoSuchFile)
        }
        return process
    }

    /// Whether no process shows the store in its command line or among its mounts, soon.
    func isQuiet(within seconds: Int) -> Bool {
        for _ in 0..<(seconds * 100) {
            let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            let busy = processes.contains { name in
                guard let number = Int32(name), number != getpid() else { return false }
                return ["cmdline", "mountinfo"].contains { file in
                    let bytes = FileManager.default.contents(atPath: "/proc/\(name)/\(file)") ?? Data()
                    return String(decoding: bytes, as: UTF8.self).contains(folder.lastPathComponent)
                }
            }
            if !busy { return true }
            usleep(10_000)
        }
        return false
    }

    func git(_ words: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = ["-C", store.path] + words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    private static let branch = "results/killed/debian-12"

    /// The verdicts, each with the name of its document's object.
    func recorded() throws -> [String: String] {
        let lines = try git("ls-tree", "-r", Self.branch).split(separator: "\n")
        return Dictionary(
            lines.compactMap { line in
                let parts = line.split { $0 == "\t" || $0 == " " }
                guard parts.count == 4, !parts[3].hasPrefix("index/") else { return nil }
                return (String(parts[3]), String(parts[2]))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// How many commits changed each verdict.
    func timesRecorded() throws -> [Substring: Int] {
        let lines = try git("log", "--format=", "--name-only", Self.branch).split(separator: "\n")
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
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/tar")
        process.arguments = ["--zstd", "-tf", archive]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").filter { !$0.contains(".wh.") }
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

/// SplitMix64 (G. L. Steele et al., Fast Splittable Pseudorandom Number Generators, 2014).
private struct SmallGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
