import Archive
import Core
import Matrix
import Model
import OpamFormat
import Testing

@testable import Planner

/// The sources of unikernels, by the rules of `opam monorepo lock`.
@Suite struct UnikernelLockTests {
    private static let sum = String(repeating: "a", count: 64)

    private static func library(
        _ text: String = "", depends: String = #""dune""#, url: String, checksum: String? = nil, repository: String
    ) -> String {
        let sums = checksum ?? #"checksum: "sha256=\#(sum)""#
        return """
            depends: [ "ocaml" \(depends) ]
            build: [ "make" ]
            dev-repo: "git+https://e.org/\(repository).git"
            url { src: "\(url)" \(sums) }
            \(text)
            """
    }

    private static let tools = [
        "dune.3.17.0": #"depends: [ "ocaml" ] build: [ "make" ] url { src: "https://e.org/dune.tgz" }"#,
        "mirage.4.11.0": #"depends: [ "ocaml" "cmdliner" {>= "1.3"} ] url { src: "https://e.org/m.tgz" }"#,
        "solo5.0.12.1": #"depends: [ "ocaml" ] url { src: "https://e.org/s.tgz" }"#,
    ]

    /// The libraries, and a unikernel that needs what `depends` names.
    private func stage(
        _ libraries: [String: String], needing depends: String, more: String = "",
        provided: String = #""mirage" "solo5""#, pinned: Set<String> = [], extra: [String: String] = [:]
    ) async throws -> UnikernelStage {
        var small = SmallPlan()
        small.opamFiles.merge(Self.tools) { $1 }
        small.opamFiles.merge(libraries) { $1 }
        small.rest = "unikernels: [{name: hello, source: ./hello, backends: [spt]}]"
        var inputs = try small.inputs()
        let pair = try #require(PlanInputs.pairs(of: inputs.matrix).first)
        let source = try SmallRepository(small.opamFiles.merging(extra) { $1 }, location: "https://e.org/extra.git")
        let entry = inputs.matrix.unikernels[0]
        let unikernel = UnikernelPackage(
            entry: entry, variant: entry.variants[0],
            source: Source(url: "file:///hello", checksums: [Checksum("sha256=\(Self.sum)")!]),
            configureFiles: PackageFiles(opam: [], files: ["config.ml": Array("x".utf8)]))
        inputs.sources = [
            PlanInputs.stack(of: inputs.matrix, target: pair.target, compiler: pair.compiler): try SmallRepository(
                small.opamFiles)
        ]
        let generated = try OpamFile(
            parsing: """
                opam-version: "2.0"
                depends: [ \(depends) "mirage" {build} "solo5" {build & >= "0.9"} ]
                x-opam-monorepo-opam-provided: [ \(provided) ]
                \(more)
                """, file: "hello-spt.opam")
        let planner = Planner(inputs)
        let configured = Planner.Configured(unikernel, generated)
        switch try planner.locks(of: [configured], for: pair, in: source, pinned: pinned)[0] {
        case .lock(let lock):
            // As the cache keeps it.
            let kept = try CanonicalJSON.decode(UnikernelLock.self, from: CanonicalJSON.encode(lock))
            return planner.stage(of: unikernel, generated: generated, lock: kept)
        case .obstacle(let reason, let cause): return .unlockable(reason, cause)
        }
    }

    /// The lines of `x-ciso-lock`, and the versions of the switch's packages that the build needs.
    private func lock(_ stage: UnikernelStage) throws -> (sources: [String], tools: [String]) {
        guard case .locked(let files) = stage else {
            Issue.record("not locked: \(stage)")
            return ([], [])
        }
        let file = try OpamFile(parsing: files.opam, file: "opam")
        let lines = file.extensions.first { $0.name == "x-ciso-lock" }.map { Printer.text(of: $0.value) } ?? ""
        let depends = file.depends.atoms.map(\.description).filter { $0.contains("{= \"") }
        let sources = lines.split(separator: "]").map { $0.filter { !"[\n ".contains($0) } }.filter { !$0.isEmpty }
        #expect(file.extraSources.count == sources.count)
        return (sources, depends.sorted())
    }

    private func reason(_ stage: UnikernelStage) -> String {
        if case .unlockable(let reason, _) = stage { reason } else { "\(stage)" }
    }

    @Test func versionsThatDuneDoesNotBuildAreLeftOut() async throws {
        let libraries = [
            "a.2": Self.library(depends: "", url: "https://e.org/a-2.tgz", repository: "a"),
            "a.1+dune": Self.library(url: "https://e.org/a-1.tgz", repository: "a"),
        ]
        let made = try lock(try await stage(libraries, needing: #""a" {?monorepo}"#))
        #expect(made.sources == [#""a""https://e.org/a-1.tgz""a.1+dune""#])
        #expect(made.tools.contains(#""dune" {= "3.17.0"}"#))
    }

    /// If some version is marked for cross compilation, only such versions count.
    @Test func versionsForCrossCompilationArePreferredToNewerOnes() async throws {
        let libraries = [
            "a.2": Self.library(url: "https://e.org/a-2.tgz", repository: "a"),
            "a.1+mirage": Self.library(
                #"tags: "cross-compile""#, url: "https://e.org/a-1.tgz", repository: "a"),
            "b.3": Self.library(url: "https://e.org/b-3.tgz", repository: "b"),
        ]
        let made = try lock(try await stage(libraries, needing: #""a" {?monorepo} "b" {?monorepo}"#))
        #expect(
            made.sources == [
                #""a""https://e.org/a-1.tgz""a.1+mirage""#, #""b""https://e.org/b-3.tgz""b.3""#,
            ])
    }

    /// `mirage` needs a newer cmdliner than the unikernel: the switch and the sources are separate.
    @Test func packagesOfTheSwitchDoNotConstrainTheSources() async throws {
        let libraries = [
            "cmdliner.1.0.0": Self.library(url: "https://e.org/c-1.0.tgz", repository: "cmdliner"),
            "cmdliner.1.3.0": Self.library(url: "https://e.org/c-1.3.tgz", repository: "cmdliner"),
        ]
        let made = try lock(try await stage(libraries, needing: #""cmdliner" {?monorepo & < "1.1"}"#))
        #expect(made.sources == [#""cmdliner""https://e.org/c-1.0.tgz""cmdliner.1.0.0""#])
    }

    @Test func packagesOfOneRepositoryAreOneSource() async throws {
        let libraries = [
            "a.2": Self.library(url: "https://e.org/a-2.tgz", repository: "a"),
            "a-lwt.2": Self.library(url: "https://e.org/a-2.tgz", repository: "a"),
        ]
        let made = try lock(try await stage(libraries, needing: #""a" {?monorepo} "a-lwt" {?monorepo}"#))
        #expect(made.sources == [#""a""https://e.org/a-2.tgz""a.2""a-lwt.2""#])
    }

    /// The directory of the sources has a file of the name `dune`.
    @Test func aSourceFromTheRepositoryOfDuneHasAnotherDirectory() async throws {
        let libraries = ["dune-configurator.3.17.0": Self.library(url: "https://e.org/dune.tbz", repository: "dune")]
        let made = try lock(try await stage(libraries, needing: #""dune-configurator" {?monorepo}"#))
        #expect(made.sources == [#""dune_""https://e.org/dune.tbz""dune-configurator.3.17.0""#])
    }

    /// Whatever the versions are, the pin is used, because the unikernel requires it.
    @Test func theSourceOfAPinnedPackageCountsForItsRepository() async throws {
        let libraries = [
            "a.1": Self.library(url: "git+https://e.org/a.git#main", checksum: "", repository: "a"),
            "a-lwt.2": Self.library(url: "https://e.org/a-2.tgz", repository: "a"),
        ]
        let depends = #""a" {?monorepo} "a-lwt" {?monorepo}"#
        let made = try lock(try await stage(libraries, needing: depends, pinned: ["a"]))
        #expect(made.sources == [#""a""git+https://e.org/a.git#main""a.1""a-lwt.2""#])
        #expect(
            try lock(try await stage(libraries, needing: depends)).sources
                == [#""a""https://e.org/a-2.tgz""a.1""a-lwt.2""#])
    }

    /// A package without a source is a tool of the switch, and adds its system packages.
    @Test func packagesWithoutASourceAreBuiltInTheSwitch() async throws {
        let libraries = [
            "a.1": Self.library(depends: #""dune" "conf-gmp""#, url: "https://e.org/a-1.tgz", repository: "a")
        ]
        let made = try lock(try await stage(libraries, needing: #""a" {?monorepo}"#))
        #expect(made.sources.count == 1)
        #expect(made.tools.contains(#""conf-gmp" {= "5"}"#))
    }

    /// Compilers have a source that dune does not build, and are never among the sources: neither those with the flag
    /// nor the package that they share.
    @Test func compilersBelongToTheSwitch() async throws {
        let url = #"build: ["make"] url { src: "https://e.org/ocaml.tgz" checksum: "sha256=\#(Self.sum)" }"#
        let libraries = [
            "ocaml.5.3.0": #"depends: ["my-compiler" {= "5.3.0"} | "ocaml-base-compiler" {= "5.3.0"}]"#,
            "ocaml-base-compiler.5.3.0": #"depends: "ocaml-compiler" {= "5.3.0"} flags: compiler \#(url)"#,
            "my-compiler.5.3.0": #"depends: "ocaml-compiler" {= "5.3.0"} flags: compiler \#(url)"#,
            "ocaml-compiler.5.3.0": url,
            "conf-x.1": #"flags: conf \#(url)"#,
            "a.1": Self.library(depends: #""dune" "conf-x""#, url: "https://e.org/a-1.tgz", repository: "a"),
        ]
        for compiler in ["ocaml-base-compiler", "my-compiler"] {
            let made = try lock(try await stage(libraries, needing: #""a" {?monorepo} "\#(compiler)""#))
            #expect(made.sources == [#""a""https://e.org/a-1.tgz""a.1""#])
            #expect(made.tools.contains(#""ocaml-compiler" {= "5.3.0"}"#), "\(made.tools)")
            #expect(made.tools.contains(#""conf-x" {= "1"}"#), "\(made.tools)")
        }
    }

    /// Extra repositories are not those of the switch: what has nothing to build is not built there, other packages
    /// without a source are reported with their repository.
    @Test func packagesWithoutASourceOfExtraRepositories() async throws {
        let library = ["a.1": Self.library(depends: #""dune" "other""#, url: "https://e.org/a-1.tgz", repository: "a")]
        func stage(_ name: String, _ file: String, provided: String = #""mirage" "solo5""#) async throws
            -> UnikernelStage
        {
            try await self.stage(
                library, needing: #""a" {?monorepo}"#, provided: provided,
                extra: [name: file])
        }
        let unbuilt = try await stage("other.1", #"depends: "ocaml" depexts: [["libx"]]"#)
        #expect(try lock(unbuilt).sources.count == 1)
        #expect(try !lock(unbuilt).tools.contains { $0.contains("other") })
        guard case .locked(let files) = unbuilt else { return }
        #expect(String(decoding: files.opam, as: UTF8.self).contains(#"depexts: [["libx"]]"#))
        let built = #"depends: "ocaml" build: ["make"]"#
        #expect(
            reason(try await stage("other.1", built))
                == "other.1 has no source and is therefore built in the switch, but only the extra repository "
                + "'https://e.org/extra.git' has it: expected other.1 in a repository of the matrix, or a section 'url' "
                + "in its opam file")
        #expect(
            reason(try await stage("other.1", built, provided: #""mirage" "solo5" "other""#))
                == "other.1 is a package of the switch, but only the extra repository 'https://e.org/extra.git' has it: "
                + "expected other.1 in a repository of the matrix")
    }

    @Test func failedLocksHaveAReason() async throws {
        let onlyMake = ["a.1": Self.library(depends: "", url: "https://e.org/a-1.tgz", repository: "a")]
        let text = reason(try await stage(onlyMake, needing: #""a" {?monorepo}"#))
        #expect(text.contains("needs a"), "\(text)")
        #expect(text.contains("left out are versions that dune does not build"), "\(text)")
        #expect(text.hasSuffix("of a"), "\(text)")
        let nowhere = ["a.1": Self.library(url: "a.tgz", repository: "a")]
        #expect(
            reason(try await stage(nowhere, needing: #""a" {?monorepo}"#))
                == "a.1 has the source 'a.tgz': only archives with a checksum and repositories of git can be locked")
        let unchecked = ["a.1": Self.library(url: "https://e.org/a.tgz", checksum: "", repository: "a")]
        #expect(reason(try await stage(unchecked, needing: #""a" {?monorepo}"#)).contains("with a checksum"))
        #expect(reason(try await stage([:], needing: #""nothing" {?monorepo}"#)).contains("nothing"))
    }

    /// Without `monorepo`, as in the switch, the libraries are not required.
    @Test func theBuildNeedsTheToolsOnly() async throws {
        let libraries = ["a.1": Self.library(url: "https://e.org/a-1.tgz", repository: "a")]
        guard case .locked(let files) = try await stage(libraries, needing: #""a" {?monorepo}"#) else {
            Issue.record("not locked")
            return
        }
        let file = try OpamFile(parsing: files.opam, file: "opam")
        let names = file.depends.atoms.map(\.name.text)
        #expect(names.contains("hello-configure") && names.contains("mirage") && names.contains("dune"))
        #expect(file.url?.checksums.isEmpty == false)
        #expect(files.files.keys.map(\.description).sorted() == ["ciso-install.sh", "ciso-pull.sh", "ciso-sources"])
    }
}
