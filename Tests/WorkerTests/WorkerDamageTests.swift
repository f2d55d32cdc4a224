import Foundation
import Glibc
import Model
import OpamFormat
import OpamSwitch
import TestSupport
import Testing

/// Faults in all files that a worker keeps on disk: no file of the worker ever causes a package failure.
@Suite(.serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"))
struct WorkerDamageTests {
    /// Faults of a file, by name; false if the fault does not apply to this file.
    private static let faults: [(name: String, inject: @Sendable (String) -> Bool)] = [
        ("emptied", { isFile($0) && truncate($0, 0) == 0 }),
        ("cut in half", { isFile($0) && truncate($0, off_t(size(of: $0) / 2)) == 0 }),
        (
            "a bit flipped",
            { path in
                guard isFile(path), size(of: path) > 0 else { return false }
                let file = open(path, O_RDWR | O_CLOEXEC)
                defer { close(file) }
                var byte: UInt8 = 0
                let middle = off_t(size(of: path) / 2)
                return pread(file, &byte, 1, middle) == 1 && pwrite(file, [byte ^ 1], 1, middle) == 1
            }
        ),
        ("removed", { (try? FileManager.default.removeItem(atPath: $0)) != nil }),
        ("given to another user", { lchown($0, 4321, 4321) == 0 }),
        ("made unreadable", { isFile($0) && chmod($0, 0) == 0 }),
        (
            "replaced by a directory",
            { (try? FileManager.default.removeItem(atPath: $0)) != nil && mkdir($0, 0o755) == 0 }
        ),
    ]

    private static func isFile(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Packages that depend on each other, one with a source, with reproducible builds.
    private static func packages(source: String) throws -> [String: String] {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: source)))
        return [
            "a.1": """
            build: ["sh" "-c" "echo one >a; echo two >tool; mkdir -p deep/er; echo 3 >deep/er/f"]
            install: ["sh" "-c" "mkdir -p %{lib}%/a && cp -r a deep %{lib}%/a && install -m 755 tool %{bin}% && ln -s a %{lib}%/a/l"]
            """,
            "b.1": """
            depends: ["a" "ocaml"]
            build: ["sh" "-ec" "cat %{lib}%/a/l %{bin}%/tool %{lib}%/a/deep/er/f >b"]
            install: ["sh" "-c" "mkdir -p %{lib}%/b && cp b %{lib}%/b"]
            """,
            "c.1": """
            depends: ["b"]
            url {
              src: "file://\(source)"
              checksum: ["md5=\(Checksum.Kind.md5.digest(of: bytes))" "sha256=\(Checksum.Kind.sha256.digest(of: bytes))"]
            }
            build: ["sh" "-ec" "cat text %{lib}%/b/b %{lib}%/a/a >c"]
            install: ["sh" "-c" "mkdir -p %{lib}%/c && cp c %{lib}%/c"]
            """,
        ]
    }

    /// After any fault of any file, the next run ends with the same results as without the fault.
    @Test func noDamageOfTheWorkersIsAVerdict() async throws {
        var random = SeededGenerator()
        let seed = random.seed
        let directory = try TemporaryDirectory()
        try directory.write("text\n", to: "source-1/text")
        try Program(["tar", "-czf", directory("source.tgz"), "-C", directory.path, "source-1"]).output()
        let deployment = try await SmallDeployment(Self.packages(source: directory("source.tgz")))
        let sources = directory("sources")
        func run() throws -> Program.Ending {
            var program = try deployment.program("run")
            program.environment?["CISO_SOURCE_CACHE"] = sources
            return try program.run()
        }
        #expect(try run().status == 0)
        let (states, layers) = (try deployment.states(), try deployment.layersOfCells())
        #expect(Set(states.values) == ["success"] && layers.count == 5, "\(states) \(layers)")

        for round in 1...(LongForm.isWanted ? 300 : 14) {
            let directories = [deployment.cache.path, deployment.objects.path, sources]
            let files = try directories.flatMap { directory in
                try FileManager.default.subpathsOfDirectory(atPath: directory).sorted().map { "\(directory)/\($0)" }
            }.filter { !["/locks/", "/environments", "/incoming", "/sessions"].contains(where: $0.contains) }
            let file = try #require(files.randomElement(using: &random))
            let fault = Self.faults[(round - 1) % Self.faults.count]
            guard fault.inject(file) else { continue }
            let context = "seed \(seed), round \(round): \(file) \(fault.name)"
            try deployment.ci(["retry", "*/*/b.1", "*/*/c.1"]).output()
            let ending = try run()
            #expect(ending.status == 0, "\(context)\n\(ending.output)\n\(ending.messages)")
            #expect(try deployment.states() == states, "\(context)")
            #expect(try deployment.layersOfCells() == layers, "\(context)")
            #expect(try deployment.damagedLayers() == [], "\(context)")
        }
    }

    /// All archives at once, and the directories that were unpacked from them.
    @Test func allLayersAreMadeAgainInOneRun() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("text\n", to: "source-1/text")
        try Program(["tar", "-czf", directory("source.tgz"), "-C", directory.path, "source-1"]).output()
        let deployment = try await SmallDeployment(Self.packages(source: directory("source.tgz")))
        try deployment.program("run").output()
        let layers = try deployment.layersOfCells()
        for layer in try deployment.layers() {
            let file = deployment.objects.appending(path: layer).path
            truncate(file, off_t(Self.size(of: file) / 2))
        }
        for layer in layers.values {
            try? FileManager.default.removeItem(at: deployment.layersDirectory.appending(path: layer))
        }
        #expect(try deployment.damagedLayers().count == Set(layers.values).count)
        let verified = try deployment.ci(["store", "verify"]).run()
        #expect(verified.status == 3, "\(verified.output)")
        #expect(verified.output.contains("layer "), "\(verified.output)")
        try deployment.ci(["retry", "*/*/c.1"]).output()
        try deployment.program("run").output()
        #expect(try deployment.damagedLayers() == [])
        #expect(try deployment.layersOfCells() == layers)
        #expect(try deployment.ci(["store", "verify"]).run().status == 0)
    }

    /// A bit that flips without a trace is detected only when the archive is read. Then the job that made it runs
    /// again, and so does the one that needed it, all in one run.
    @Test func damageThatIsFoundLateIsRepairedInTheSameRun() async throws {
        let deployment = try await SmallDeployment([
            "a.1": #"install: ["sh" "-c" "mkdir -p %{lib}%/a && echo one >%{lib}%/a/f"]"#,
            "b.1": """
            depends: ["a"]
            install: ["sh" "-c" "mkdir -p %{lib}%/b && cp %{lib}%/a/f %{lib}%/b"]
            """,
        ])
        try deployment.program("run").output()
        let layers = try deployment.layersOfCells()
        let layer = try #require(layers.first { $0.key.contains("/a/1") }?.value)
        let file = deployment.objects.appending(path: "\(layer.prefix(2))/\(layer)").path
        let flip = try #require(Self.faults.first { $0.name == "a bit flipped" })
        #expect(flip.inject(file))
        try Program(["touch", "-d", "@1", file]).output()
        try FileManager.default.removeItem(at: deployment.layersDirectory.appending(path: layer))
        try deployment.ci(["retry", "*/*/b.1"]).output()
        try deployment.program("run").output()
        #expect(try deployment.layersOfCells() == layers)
        #expect(try deployment.damagedLayers() == [])
    }

    /// A store that was copied by `cp -r` has every file under the owner of the copier.
    @Test func aCopiedStoreIsUsed() async throws {
        let deployment = try await SmallDeployment([
            "a.1": "build: [\"true\"]",
            "b.1": """
            depends: ["a"]
            install: ["sh" "-c" "mkdir -p %{lib}%/b && echo b >%{lib}%/b/f && mkdir %{lib}%/b/more"]
            """,
        ])
        try deployment.program("run").output()
        let layers = try deployment.layersOfCells()
        for layer in layers.values {
            let directory = deployment.layersDirectory.appending(path: layer).path
            guard FileManager.default.fileExists(atPath: directory) else { continue }
            try Program(["chown", "-hR", "0:0", directory]).output()
        }
        try deployment.ci(["retry", "*/*/b.1"]).output()
        try deployment.program("run").output()
        #expect(try deployment.layersOfCells() == layers)
    }
}
