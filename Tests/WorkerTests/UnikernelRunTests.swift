import Archive
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Worker

/// `ci run` of unikernels, with stubs of mirage, dune and solo5 that follow the file formats of the real tools.
@Suite(
    .enabled(
        if: QuickstartFixture.isPossible && Program.areInstalled("tar", "sha256sum"), "needs root, mmdebstrap and bwrap"
    ))
struct UnikernelRunTests {
    private let directory: TemporaryDirectory

    init() async throws {
        // Makes the root file system if need be.
        let fixture = try await QuickstartFixture()
        _ = try await TargetEnvironments(
            fixture.directories.environmentStore, catalog: fixture.catalog, variables: .ofTests
        )
        .environment(of: fixture.target) { _ in }
        directory = try TemporaryDirectory()
        let script = PackageDirectory.url.appending(path: "Tests/Unikernels/make-fixture")
        try Program(["sh", script.path, directory.path]).output()
        let cache = URL(filePath: directory("cache/worker"))
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
        symlink(fixture.directories.environments, cache.appending(path: "environments").path)
    }

    private func ci(_ words: String...) throws -> Program.Ending {
        let variables = ["CISO_CACHE": directory("cache")]
        return try Program(
            [try BuiltProgram.path(of: "ci")] + words + ["--store", directory("store")], in: directory.path,
            environment: ProcessInfo.processInfo.environment.merging(variables) { $1 }
        ).run()
    }

    /// A cell as `ci results` prints it.
    private struct State: Decodable {
        var cell: String
        var state: String
        var phase: String?
        var signature: String?
        var reason: String?
        var kind: String?

        /// The last part of the cell's name.
        var name: String { String(cell.split(separator: "/").last ?? "") }
    }

    private func states(_ deployment: String = "unikernels") throws -> [String: State] {
        let json = try ci("results", "--deployment", deployment, "--format", "json").output
        let states = try JSONDecoder().decode([State].self, from: Data(json.utf8))
        return Dictionary(states.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    /// The jobs that a run has carried out, without those of tools and compilers.
    private func jobs(_ ending: Program.Ending) -> [String] {
        ending.messages.split(separator: "\n").filter { $0.hasPrefix("[") && $0.contains("hello-world") }.map { line in
            let words = line.split(separator: "] ").last ?? ""
            return String(words.prefix { $0 != ":" }).replacing("debian-12/4.13.1/", with: "")
        }.sorted()
    }

    @Test func aUnikernelIsConfiguredThenPlannedFurtherBuiltAndRun() throws {
        let planned = try ci("plan", "matrix.yaml")
        #expect(planned.status == 0, "\(planned.messages)")
        #expect(
            planned.output.contains(
                "debian-12/4.13.1/hello-world.dev@spt: planned after hello-world-configure.dev@spt, job "),
            "\(planned.output)")
        #expect(try ci("plan", "matrix.yaml").output.contains("nothing changed"))
        let run = try ci("run", "matrix.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        for name in ["hello-world.dev@spt", "hello-world.dev@unix"] {
            let state = try #require(try states()[name])
            #expect(state.state == "success" && state.kind == "test", "\(state)")
        }
        let table = try ci("results", "--all").output.split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
        #expect(table.contains(["package", "4.13.1@spt", "4.13.1@unix"]), "\(table)")
        let log = try ci("log", "debian-12/4.13.1/hello-world.dev@spt")
        #expect(log.output.contains("\nHello World\n"), "\(log.output)")
        // After the second planning, no cell is provisional, and another plan without a change is equal.
        let again = try ci("plan", "matrix.yaml")
        #expect(again.output.contains("nothing changed") && !again.output.contains("planned after"), "\(again.output)")
        let result = try result(of: "hello-world/dev@spt.json", in: "unikernels")
        #expect(result["image"] == nil, "the result of the cell is that of the run")
        let build = try buildResults().compactMap { $0["image"] as? [String: Any] }
        #expect(Set(build.compactMap { $0["backend"] as? String }) == ["spt", "unix"])
        let image = try #require(build.first { $0["backend"] as? String == "spt" })
        #expect(image["abi"] as? Int == 2 && image["path"] as? String == "share/hello-world/hello-world.spt")
    }

    /// Who follows the log of a provisional cell gets those of its configure job, its build and its run.
    @Test func followingALogContinuesWithWhatIsPlannedLater() async throws {
        #expect(try ci("plan", "matrix.yaml").status == 0)
        let follower = try Program(
            [
                try BuiltProgram.path(of: "ci"), "log", "--follow", "debian-12/4.13.1/hello-world.dev@spt", "--store",
                directory("store"),
            ], in: directory.path
        ).start()
        try await follower.wait(until: "the job is awaited") { follower.messages.contains("waiting for the job of") }
        #expect(try ci("run", "matrix.yaml").status == 0)
        let ending = try await follower.end()
        #expect(ending.status == 0, "\(ending.messages)")
        for line in ["=== hello-world-configure.dev@spt on ", "=== hello-world.dev@spt on ", "Hello World\n"] {
            #expect(ending.output.contains(line), "\(ending.output)")
        }
    }

    /// Another source needs no other configuration, another expectation no other build, another `config.ml` all.
    @Test func onlyWhatDependsOnAChangeIsDoneAgain() throws {
        #expect(try ci("run", "matrix.yaml").status == 0)
        try directory.shell("echo '# changed' >>source/hello/unikernel.S")
        let source = try ci("run", "matrix.yaml")
        #expect(
            jobs(source) == [
                "hello-world.dev@spt", "hello-world.dev@unix", "tests of hello-world.dev@spt",
                "tests of hello-world.dev@unix",
            ], "\(source.messages)")
        try directory.shell(
            "sed -i 's/spt: {time: 10s, expect: Hello World}/spt: {time: 10s, expect: World}/' matrix.yaml")
        let expectation = try ci("run", "matrix.yaml")
        #expect(jobs(expectation) == ["tests of hello-world.dev@spt"], "\(expectation.messages)")
        try directory.shell("echo '(* changed *)' >>source/hello/config.ml")
        let configuration = try ci("run", "matrix.yaml")
        #expect(
            jobs(configuration) == [
                "hello-world-configure.dev@spt", "hello-world-configure.dev@unix", "hello-world.dev@spt",
                "hello-world.dev@unix", "tests of hello-world.dev@spt", "tests of hello-world.dev@unix",
            ], "\(configuration.messages)")
        #expect(try ci("run", "matrix.yaml").status == 0)
    }

    /// A lock, and the files read from a source, are computed again only if one of their inputs changes.
    @Test func locksAndSourcesAreRemembered() throws {
        #expect(try ci("run", "matrix.yaml").status == 0)
        func made() throws -> [String] {
            let trace = try ci("plan", "matrix.yaml", "--log-level", "debug").messages
            return ["locked unikernels", "read a unikernel's source"].filter(trace.contains)
        }
        #expect(try made() == [])
        try directory.shell("echo '# changed' >>source/hello/unikernel.S")
        #expect(try made() == ["read a unikernel's source"])
        #expect(try made() == [])
        try directory.shell(
            "cp -r repository/packages/fmt/fmt.0.9.0 repository/packages/fmt/fmt.0.8.0")
        #expect(try made() == ["locked unikernels"])
        #expect(try made() == [])
    }

    /// `pin-depends` of the generated opam file, and the branch of a repository of git, at the commit that it has.
    @Test func sourcesOfGitAreLocked() throws {
        try directory.shell(
            """
            mkdir fmt && cd fmt && git init -q -b main && echo '(lang dune 3.0)' >dune-project
            printf 'opam-version: "2.0"\ndepends: ["ocaml" "dune"]\nbuild: ["dune" "build"]\n' >fmt.opam
            echo 'dev-repo: "git+https://example.org/fmt.git"' >>fmt.opam
            git add . && git -c user.name=t -c user.email=t@t commit -q -m first
            echo 'let pins = pin "fmt.dev" "git+file://'$PWD'#main"' >>../source/hello/config.ml
            """)
        let run = try ci("run", "matrix.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        let commit = try git("rev-parse", "main", at: directory("fmt")).filter { !$0.isNewline }
        let cell = "debian-12/4.13.1/hello-world.dev@spt"
        let text = try ci("reproduce", cell).output
        #expect(text.contains("source       git+file://\(directory("fmt"))#\(commit)"), "\(text)")
        // Another commit of the branch needs another build, and no other configuration.
        try directory.shell("cd fmt && git -c user.name=t -c user.email=t@t commit -q --allow-empty -m second")
        let next = try ci("run", "matrix.yaml")
        #expect(
            jobs(next) == [
                "hello-world.dev@spt", "hello-world.dev@unix", "tests of hello-world.dev@spt",
                "tests of hello-world.dev@unix",
            ], "\(next.messages)")
        // A pin without an opam file affects only the unikernel.
        try directory.shell("cd fmt && git rm -q fmt.opam && git -c user.name=t -c user.email=t@t commit -q -m third")
        #expect(try ci("run", "matrix.yaml").status == 1)
        let state = try #require(try states()["hello-world.dev@spt"])
        #expect(state.state == "unsolvable", "\(state)")
        #expect(state.reason?.contains("pin 'fmt': there is no opam file") == true, "\(state)")
    }

    @Test func aRunWithoutAMatrixContinuesItsPlan() throws {
        #expect(try ci("plan", "matrix.yaml").status == 0)
        let run = try ci("run")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        #expect(try states()["hello-world.dev@spt"]?.state == "success")
        #expect(run.output.contains("4.13.1@spt") && run.output.contains("4.13.1@unix"), "\(run.output)")
        let column = try ci("results", "debian-12/4.13.1@spt", "--format", "csv").output.split(separator: "\n")
        #expect(column.count == 2 && column.last?.contains("hello-world.dev@spt") == true, "\(column)")
        // A backend that the plan has no more is missing, though the unikernel has another.
        try directory.shell("sed -i 's/backends: .*/backends: [spt]/; /^      unix:/d' matrix.yaml")
        #expect(try ci("plan", "matrix.yaml").status == 0)
        let gate = try ci("gate", "--base", "last")
        #expect(gate.status == 3 && gate.output.contains("hello-world.dev@unix  missing"), "\(gate.output)")
    }

    /// A failed configure job of a provisional cell decides the cell, which is compared and bisected like any other.
    @Test func provisionalCellsAreComparedAndBisected() throws {
        try directory.shell(
            """
            commit() { git -c user.name=t -c user.email=t@t commit -q -m "$1"; }
            cd repository && git init -q -b main && git add . && commit good
            """)
        #expect(try ci("run", "matrix.yaml").status == 0)
        try directory.shell(
            """
            commit() { git -c user.name=t -c user.email=t@t commit -q -m "$1"; }
            cd repository/packages
            echo 'synopsis: "Other"' >>zlib/zlib.1.2.0/opam && git add . && commit other
            mirage=mirage/mirage.4.11.0/files/mirage
            sed 's/^set -eu$/set -eu; echo "Error: no mirage" >\\&2; exit 1/' $mirage >changed
            mv changed $mirage && git add . && commit bad
            echo 'synopsis: "Last"' >>gmp/gmp.6.3.0/opam && git add . && commit last
            """)
        let cell = "debian-12/4.13.1/hello-world.dev@spt"
        #expect(try ci("run", "matrix.yaml").status == 1)
        let state = try #require(try states()["hello-world.dev@spt"])
        #expect(state.phase == "configure" && state.signature == "Error: no mirage", "\(state)")
        let difference = try ci("diff", "last~1", "last", "--format", "csv").output
        #expect(difference.contains("\(cell),broken,success,failure"), "\(difference)")
        let gate = try ci("gate", "--base", "last~1")
        #expect(gate.status == 1 && gate.output.contains(cell), "\(gate.output)")
        let history = try ci("history", cell).output
        #expect(history.contains("dev@spt") && !history.contains("dev@unix"), "\(history)")
        let bisection = try ci("bisect", cell, "--run", "matrix.yaml")
        #expect(bisection.status == 0, "\(bisection.messages)")
        let bad = try git("rev-parse", "main~1", at: directory("repository")).filter { !$0.isNewline }
        #expect(bisection.output.contains("the first bad commit is \(bad)"), "\(bisection)")
    }

    /// An image for Xen is checked, and installed with the files by which `xl` starts it; they name it as it is
    /// installed.
    @Test func imagesForXenHaveTheirDescriptions() throws {
        try directory.shell("sed -e 's/backends: .*/backends: [xen, qubes]/' -e '/^    run:/,$d' matrix.yaml >xen.yaml")
        #expect(try ci("plan", "xen.yaml").status == 0)
        let early = try ci("reproduce", "--test", "debian-12/4.13.1/hello-world.dev@xen")
        #expect(early.status == 2 && early.messages.contains("only when its configure job has succeeded"), "\(early)")
        let run = try ci("run", "xen.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        let none = try ci("reproduce", "--test", "debian-12/4.13.1/hello-world.dev@xen")
        #expect(none.status == 2 && none.messages.contains("the matrix does not request a run of it"), "\(none)")
        for (backend, image) in [("xen", "hello-world.xen"), ("qubes", "hello-world.qubes")] {
            let result = try result(of: "hello-world/dev@\(backend).json", in: "unikernels")
            let recorded = try #require(result["image"] as? [String: Any])
            #expect(recorded["backend"] as? String == backend && recorded["abi"] as? Int == 2)
            #expect(recorded["path"] as? String == "share/hello-world/\(image)")
        }
        let layer = try #require(try result(of: "hello-world/dev@xen.json", in: "unikernels")["layer"] as? String)
        let archive = directory("store/ciso/objects/\(layer.prefix(2))/\(layer)")
        let unpacked = try Extraction(links: .anywhere).extract(archive, to: directory("layer"))
        let files = Set(try directory.files(below: "layer").filter { $0.contains("share/hello-world/") })
        #expect(
            Set(files.compactMap { $0.split(separator: "/").last.map(String.init) })
                == ["hello-world.xen", "hello.xl", "hello.xl.in", "manifest.json"], "\(files) \(unpacked)")
        let description = try #require(files.first { $0.hasSuffix("hello.xl") })
        let text = try String(contentsOfFile: directory("layer/\(description)"), encoding: .utf8)
        #expect(text.contains("\nkernel = 'hello-world.xen'\n"), "\(text)")
    }

    @Test func eachFailureHasItsPhaseSignatureAndReason() throws {
        try directory.write(Self.broken, to: "broken.yaml")
        try directory.shell(
            """
            for kind in configure lock build abi loop net none several empty image; do cp -r source/hello $kind; done
            sed -i 's/register/regster/' configure/config.ml
            sed -i 's/package "gmp"/package "zlib"/' lock/config.ml
            echo nonsense >>build/unikernel.S
            echo '(* wrong-abi *)' >>abi/config.ml
            sed -i '1i #define LOOP' loop/unikernel.S
            echo 'let service = net "service"' >>net/config.ml
            sed -i '1i #define NET' net/unikernel.S
            echo '(* no-image *)' >>image/config.ml
            echo '(* no-opam-file *)' >>none/config.ml
            echo '(* two-opam-files *)' >>several/config.ml
            echo '(* empty-opam-file *)' >>empty/config.ml
            """)
        let run = try ci("run", "broken.yaml")
        #expect(run.status == 1, "\(run.output)\(run.messages)")
        let states = try states("broken")
        let expected: [(name: String, phase: String?, signature: String?, reason: String)] = [
            ("no-config", "configure", "Error: Unbound value *", "Error: Unbound value regster"),
            ("no-image", "install", nil, "'dune build' left no single image dist/*.spt: found nothing"),
            ("no-file", "configure", nil, "'mirage configure' generated no opam file mirage/*.opam"),
            (
                "two-files", "configure", nil,
                "generated more than one opam file: mirage/hello-spt.opam mirage/other.opam"
            ),
            ("empty-file", "configure", nil, "generated no file with contents at mirage/hello-spt.opam"),
            ("no-build", "build", nil, "Error: no such instruction: `nonsense'"),
            (
                "wrong-abi", "install", "image built for hvt instead of spt",
                "the image 'share/wrong-abi/wrong-abi.spt' is not built for spt: it is built for hvt"
            ),
            ("wrong-text", "test", nil, "the unikernel did not print 'Hello World'"),
            ("wrong-status", "test", nil, "the unikernel ended with exit status 0, expected 3"),
            ("with-net", "test", nil, "the unikernel needs the devices service, but runs have no network"),
            ("endless", "test", "time limit exceeded", "time limit exceeded: the job's time limit is 2 s"),
        ]
        for (name, phase, signature, reason) in expected {
            let state = try #require(states["\(name).dev@spt"])
            #expect(state.state == "failure" && state.phase == phase, "\(state)")
            #expect(state.reason?.contains(reason) == true, "\(state)")
            if let signature, name != "no-config" { #expect(state.signature == signature, "\(state)") }
            #expect(state.signature?.isEmpty == false, "\(state)")
        }
        let lock = try #require(states["no-lock.dev@spt"])
        #expect(lock.state == "unsolvable" && lock.phase == nil)
        #expect(lock.reason?.hasPrefix("the unikernel cannot be locked: ") == true, "\(lock)")
        #expect(lock.reason?.contains("left out are versions that dune does not build") == true, "\(lock)")
        // Values of a key are cells of their own; each was configured with its own.
        #expect(states["axes.dev@spt+World"]?.state == "success")
        #expect(states["axes.dev@spt+Moon"]?.state == "failure")
    }

    private static let broken = """
        deployment: broken
        repositories: [{path: repository}]
        targets: [debian-12]
        compilers: [{system: "4.13.1"}]
        confirm: 0
        unikernels:
          - {name: no-config, source: ./configure, backends: spt}
          - {name: no-image, source: ./image, backends: spt}
          - {name: no-file, source: ./none, backends: spt}
          - {name: two-files, source: ./several, backends: spt}
          - {name: empty-file, source: ./empty, backends: spt}
          - {name: no-lock, source: ./lock, backends: spt}
          - {name: no-build, source: ./build, backends: spt}
          - {name: wrong-abi, source: ./abi, backends: spt}
          - {name: wrong-text, source: ./source, subpath: hello, backends: spt, configure: [--hello=Moon],
             run: {spt: {time: 10s, expect: Hello World}}}
          - {name: wrong-status, source: ./source, subpath: hello, backends: spt, run: {spt: {time: 10s, status: 3}}}
          - {name: with-net, source: ./net, backends: spt, run: {spt: {time: 10s}}}
          - {name: endless, source: ./loop, backends: spt, run: {spt: {time: 2s, expect: Hello World}}}
          - {name: axes, source: ./source, subpath: hello, backends: spt, configure: [{hello: [World, Moon]}],
             run: {spt: {time: 10s, expect: Hello World}}}
        """

    @Test func theRunOfACellIsReproduced() throws {
        #expect(try ci("run", "matrix.yaml").status == 0)
        let text = try ci("reproduce", "debian-12/4.13.1/hello-world.dev@spt").output
        #expect(text.contains("dune build --profile release --root . ./dist"), "\(text)")
        let tests = try ci("reproduce", "--test", "debian-12/4.13.1/hello-world.dev@spt").output
        #expect(tests.contains("ciso-run.sh"), "\(tests)")
        // Jobs built by another deployment are not built again, and the cell has their layers.
        try directory.shell("sed 's/^deployment: .*/deployment: other/' matrix.yaml >other.yaml")
        #expect(try ci("run", "other.yaml").status == 0)
        let other = try ci("reproduce", "debian-12/4.13.1/hello-world.dev@spt", "--deployment", "other")
        #expect(other.status == 0 && other.output.contains("layer        solo5.0.12.1 "), "\(other.messages)")
    }

    /// Debian's dune and OCaml build a program for `unix` with a locked library, and a mistake in it is the build's.
    @Test func theRealDuneBuildsAnOCamlProgramForUnix() throws {
        let script = PackageDirectory.url.appending(path: "Tests/Unikernels/use-dune")
        try Program(["sh", script.path, directory.path]).output()
        let run = try ci("run", "dune.yaml")
        #expect(run.status == 1, "\(run.output)\(run.messages)")
        let states = try states("dune")
        for name in ["hello-world.dev@unix", "failing.dev@unix"] {
            let state = try #require(states[name])
            #expect(state.state == "success" && state.kind == "test", "\(state)")
        }
        let log = try ci("log", "debian-12/4.13.1/hello-world.dev@unix").output
        #expect(log.contains("\nOCaml 4.13.1, fmt 0.9.0: Hello World\n"), "\(log)")
        let mistake = try #require(states["untyped.dev@unix"])
        #expect(mistake.state == "failure" && mistake.phase == "build", "\(mistake)")
        #expect(mistake.reason?.contains("This expression has type int but an expression was expected") == true)
    }

    /// The directory of upstream sources, which are not part of the repository: `solo5.tar.gz`, or a matrix
    /// `mirage.yaml` with its repositories and archives.
    static let upstream = ProcessInfo.processInfo.environment["CISO_UNIKERNEL_SOURCES"]

    private static func hasUpstream(_ name: String) -> Bool {
        upstream.map { FileManager.default.fileExists(atPath: "\($0)/\(name)") } ?? false
    }

    /// mirage, OCaml's cross compiler, solo5 and the sources of unikernels are built from their own opam files; images
    /// are configured, locked, built, and run if the matrix requires it.
    @Test(.enabled(if: hasUpstream("mirage.yaml"), "needs mirage.yaml in CISO_UNIKERNEL_SOURCES"))
    func theRealMirageBuildsAndRunsUnikernels() throws {
        let run = try ci("run", "\(try #require(Self.upstream))/mirage.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        let results = try JSONDecoder().decode(
            [State].self, from: Data(try ci("results", "--format", "json").output.utf8))
        #expect(results.contains { $0.kind == "test" } && results.allSatisfy { $0.state == "success" }, "\(results)")
    }

    /// Solo5 is built from its own opam file; its tools build images for five backends, its tender runs one, and QEMU
    /// another.
    @Test(.enabled(if: hasUpstream("solo5.tar.gz"), "needs solo5.tar.gz in CISO_UNIKERNEL_SOURCES"))
    func theRealSolo5BuildsAndRunsImages() throws {
        let script = PackageDirectory.url.appending(path: "Tests/Unikernels/use-solo5")
        try Program(["sh", script.path, try #require(Self.upstream), directory.path]).output()
        let run = try ci("run", "solo5.yaml")
        #expect(run.status == 0, "\(run.output)\(run.messages)")
        let log = try ci("log", "debian-12/4.13.1/hello-solo5.dev@spt").output
        #expect(log.contains("Solo5: Bindings version v0.9"), "\(log)")
        #expect(log.contains("\nHello World\n") && log.contains("Solo5: solo5_exit(0) called"), "\(log)")
        #expect(try states("solo5")["hello-solo5.dev@virtio"]?.kind == "test")
    }

    // MARK: Documents

    private func result(of path: String, in deployment: String) throws -> [String: Any] {
        let text = try git("show", "results/\(deployment)/debian-12:4.13.1/\(path)", at: directory("store"))
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// The results of all jobs that decide no cell.
    private func buildResults() throws -> [[String: Any]] {
        let branch = "results/unikernels/debian-12"
        let paths = try git("ls-tree", "-r", "--name-only", branch, at: directory("store")).split(separator: "\n")
        return try paths.filter { $0.hasPrefix("4.13.1/hello-world/dev@") && $0.split(separator: "/").count == 4 }
            .map { path in
                let text = try git("show", "\(branch):\(path)", at: directory("store"))
                return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            }
    }
}
