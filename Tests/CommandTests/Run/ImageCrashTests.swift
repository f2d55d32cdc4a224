import Core
import Foundation
import Glibc
import TestSupport
import Testing

/// `ci run` with an image of a registry, killed while it pulls and unpacks, and in two processes at once.
@Suite(
    .enabled(
        if: getuid() == 0 && RegistryServer.isInstalled && SmallImage.isPossible
            && Program.areInstalled("bwrap", "skopeo"),
        "needs root, bwrap, busybox, docker-registry, skopeo, python3 and zstd"))
struct ImageCrashTests {
    private let fixture: CommandFixture
    private let layout: ImageLayout
    private let server: RegistryServer
    private var directory: TemporaryDirectory { fixture.directory }
    /// Layers of the given numbers of bytes, which cannot be compressed.
    private static let (layers, bytes) = (6, 2_000_000)

    init() async throws {
        fixture = try CommandFixture()
        layout = ImageLayout(fixture.directory("images"))
        server = try await RegistryServer()
        try fixture.write(packages: [
            "ocaml-base-compiler.5.3.0": "flags: compiler", "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#,
        ])
        var layers = [try SmallImage.base(in: directory)]
        for number in 1...Self.layers {
            try directory.shell(
                """
                mkdir -p data\(number)/data
                for part in 1 2 3 4; do
                    head -c \(Self.bytes / 4) /dev/urandom >data\(number)/data/\(number)-$part
                done
                """)
            layers.append(ImageLayout.Layer([], directory: directory("data\(number)")))
        }
        try layout.add([ImageLayout.Image(layers)], tag: "x")
        try layout.push("x", to: server, as: "x:1")
        try fixture.write(
            "m.yaml",
            """
            deployment: d
            repositories: [{path: repo}]
            targets: [{name: image, image: "\(server.url.dropFirst("http://".count))/x:1"}]
            compilers: [5.3.0]
            packages: [ocaml]
            """)
    }

    private func start(store: String) throws -> RunningProgram {
        var program = try fixture.program(
            ["run", "m.yaml", "--store", store],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": directory.path])
        program.isJoined = true
        return try program.start()
    }

    private func files(in path: String) -> [String] {
        let found = FileManager.default.enumerator(atPath: directory("cache/worker/\(path)"))
        return (found?.compactMap { $0 as? String } ?? []).map { directory("cache/worker/\(path)/\($0)") }
    }

    /// The bytes that are pulled and unpacked so far, or that were when one looked.
    private var written: Int {
        ["images/blobs", "images/partial", "environments/incoming"].flatMap(files).reduce(0) { sum, file in
            var status = stat()
            return sum + (lstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0)
        }
    }

    /// All files are complete at any moment: a blob with its final name, and a root file system in its directory.
    private func expectWholeness(_ context: String) throws {
        for file in files(in: "images/blobs") {
            let name = file.split(separator: "/").last.map(String.init) ?? ""
            guard Digest(hex: name) != nil else { continue }
            #expect(try Digest(ofFile: file).hex == name, "\(context)")
        }
        for name in try roots() {
            try directory.shell(
                "for n in $(seq \(Self.layers)); do cmp data$n/data/$n-1 \(environments)/\(name)/data/$n-1; done")
        }
    }

    private let environments = "cache/worker/environments"

    private func roots() throws -> [String] {
        guard FileManager.default.fileExists(atPath: directory(environments)) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: directory(environments)).filter {
            Digest(hex: $0) != nil
        }
    }

    @Test func aKilledRunIsTakenUpAgain() async throws {
        var random = SeededGenerator()
        let all = 2 * Self.layers * Self.bytes
        for kill in 1...(LongForm.isWanted ? 40 : 4) {
            let limit = Int.random(in: min(written, all - 1)..<all, using: &random)
            let run = try start(store: "store")
            while run.isRunning, written < limit { usleep(1000) }
            run.kill(SIGKILL)
            run.wait()
            try expectWholeness("seed \(random.seed), kill \(kill) at \(limit) bytes")
        }
        let last = try await start(store: "store").end()
        #expect(last.status == 0, "seed \(random.seed): \(last.output)")
        try expectWholeness("seed \(random.seed)")
        #expect(try roots().count == 1)
        for directory in ["images/partial", "images/incoming", "environments/incoming"] {
            #expect(files(in: directory) == [], "seed \(random.seed)")
        }
        #expect(files(in: "images/blobs").allSatisfy { !$0.hasSuffix(".tmp") }, "seed \(random.seed)")
    }

    /// Two processes of a host that need the root file system at once: one makes it, both use it.
    @Test func processesOfAHostShareARoot() async throws {
        let runs = try ["one", "two"].map { try start(store: $0) }
        let outputs = try await [runs[0].end(), runs[1].end()].map { ending in
            #expect(ending.status == 0, "\(ending.output)")
            return ending.output
        }
        #expect(outputs.filter { $0.contains("making the root file system") }.count == 1, "\(outputs)")
        try expectWholeness("two runs")
    }
}
