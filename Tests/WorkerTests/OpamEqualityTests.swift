import Core
import Foundation
import Model
import OpamFormat
import OpamSwitch
import Sandbox
import Supervision
import System
import TestSupport
import Testing

@testable import Worker

/// Compares the files installed by jobs with those installed by the real opam client, in the same root file system.
@Suite(
    .serialized, .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"),
    .enabled(if: QuickstartFixture.hasSources, "needs the sources of Matrices/quickstart/sources.tsv"))
struct OpamEqualityTests {
    /// Among them a package with system packages, and ways to install: commands, a `.install` file, none.
    @Test func installedFilesEqualThoseOfOpam() async throws {
        let names = ["zarith", "seq"]
        try await compare(BuiltSwitch(names, in: QuickstartFixture()), names)
    }

    /// opam adds files next to an opam file to it if it does not name them, and builds packages again if it finds a
    /// difference.
    @Test func filesThatTheOpamFileDoesNotName() async throws {
        let directory = try TemporaryDirectory()
        let repository = directory.url.appending(path: "repository")
        try FileManager.default.copyItem(at: QuickstartFixture.quickstart, to: repository)
        let files = repository.appending(path: "packages/beside/beside.1/files")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        // Only one file, because opam compares several in the order of the directory.
        try Data("of %{name}%\n".utf8).write(to: files.appending(path: "data.in"))
        try Data(
            """
            opam-version: "2.0"
            maintainer: "none"
            depends: "ocaml"
            substs: "data"
            build: ["cp" "data" "built"]
            install: ["cp" "built" "%{lib}%"]
            """.utf8
        ).write(to: files.deletingLastPathComponent().appending(path: "opam"))
        let built = try await BuiltSwitch(["beside", "seq"], in: QuickstartFixture(repository: repository))
        try await compare(built, ["beside", "seq"])
        let state = try Files.scratchDirectory(in: built.fixture.directories.scratch)
        let opam = try await StockOpam(
            in: built.fixture, layers: try built.withState(in: state.path, leavingOut: "seq"))
        let installed = await opam.run("\(StockOpam.repository)\nopam install seq")
        #expect(installed.succeeded && installed.text.contains("installed seq."), "\(installed.text)")
        #expect(!installed.text.contains("recompile"), "\(installed.text)")
    }

    /// All packages of the real set that build there, a hundred, with patches, templates, files next to the opam file,
    /// and every way to install, all in one switch.
    @Test(.enabled(if: LongForm.isWanted, "takes a quarter of an hour: CISO_TEST_FULL=1"))
    func theWholeRealSetIsInstalledAsByOpam() async throws {
        try #require(QuickstartFixture.fetchSources(of: QuickstartFixture.debianReal))
        let built = try await BuiltSwitch(Self.realNames(), in: Self.realFixture())
        try await compare(built, Self.realNames())
        try await useWithOpam(built, leavingOut: "ohex")
    }

    /// Opam's own commands in the switch made of the layers, including the installation of the omitted package.
    private func useWithOpam(_ built: BuiltSwitch, leavingOut one: String) async throws {
        let state = try Files.scratchDirectory(in: built.fixture.directories.scratch)
        let opam = try await StockOpam(
            in: built.fixture, systemPackages: built.systemPackages,
            layers: try built.withState(in: state.path, leavingOut: one))
        let list = await opam.run("opam list --installed --short --columns=package")
        let entries = built.fixture.repository.entries
        let expected = built.order.filter { $0 != one }.compactMap { entries[$0]?.package.description }
        #expect(Set(list.text.split(separator: "\n").map(String.init)) == Set(expected))
        let executed = await opam.run("opam exec -- dune --version && opam exec -- ocamlfind query alcotest-lwt")
        #expect(executed.text == "3.17.2\n\(opam.target.layout.prefix)/lib/alcotest-lwt\n")
        let installed = await opam.run(
            """
            \(StockOpam.repository)
            opam install \(one)
            opam exec -- ocamlfind query \(one)
            """)
        #expect(installed.succeeded, "\(installed.text)")
        #expect(installed.text.contains("installed \(one)."), "\(installed.text)")
        #expect(!["recompile", "remove ", "upgrade"].contains { installed.text.contains($0) }, "\(installed.text)")
    }

    /// The real set for one target: of the compiler and what describes it, one version.
    private static func realFixture() async throws -> QuickstartFixture {
        let others = ["4.11.1", "5.3.0"].flatMap { ["ocaml.\($0)", "ocaml-system.\($0)"] }
        return try await QuickstartFixture(
            repository: QuickstartFixture.debianReal, leavingOut: Set(others + ["ocaml-config.1", "ocaml-config.3"]))
    }

    /// Without what fails there, or needs what fails, or has no solution.
    private static func realNames() async throws -> [String] {
        let left: Set = [
            // No solution there.
            "base-domains", "base-effects", "base-nnp", "camlp4", "cryptgps", "cryptokit", "expect", "ppxlib", "ssl",
            // They fail, or need what fails.
            "menhir", "opam-file-format", "uucp", "uunf", "uuseg",
        ]
        return try await realFixture().repository.entries.keys.filter { !left.contains($0) }.sorted()
    }

    private func compare(_ built: BuiltSwitch, _ names: [String]) async throws {
        #expect(built.failures == [])
        let opam = try await StockOpam(in: built.fixture, systemPackages: built.systemPackages)
        let said = await opam.run(
            StockOpam.initialize(compiler: "ocaml-system.4.13.1")
                + "opam install \(names.joined(separator: " "))\n")
        try #require(said.succeeded, "\(said.text)")
        let prefix = opam.target.layout.prefix
        let ours = try InstalledTree(prefix, in: built.layers, leavingOut: isOfTheWholeSwitch)
        let theirs = try InstalledTree(prefix, in: [opam.sandbox.changes], leavingOut: isOfTheWholeSwitch)
        #expect(ours.entries.count > 20)
        #expect(ours.differences(from: theirs) == [])
    }

    @Test func opamItselfWorksInTheAssembledSwitch() async throws {
        let fixture = try await QuickstartFixture()
        let built = try await BuiltSwitch(["ocamlfind", "seq"], in: fixture)
        let state = try Files.scratchDirectory(in: fixture.directories.scratch)
        let opam = try await StockOpam(in: fixture, layers: try built.withState(in: state.path))
        let list = await opam.run("opam list --installed --short --columns=package")
        #expect(list.succeeded)
        #expect(
            list.text.split(separator: "\n").map(String.init)
                == ["ocaml.4.13.1", "ocaml-config.2", "ocaml-system.4.13.1", "ocamlfind.1.9.6", "seq.base"])
        let executed = await opam.run("opam exec -- ocamlfind query findlib seq")
        #expect(executed.text.contains("\(opam.target.layout.prefix)/lib/findlib\n"), "\(executed.text)")
        let installed = await opam.run(
            """
            \(StockOpam.repository)
            opam install xml-light
            opam exec -- ocamlfind query xml-light
            opam remove seq
            test ! -e "$OPAMROOT/default/lib/seq"
            """)
        #expect(installed.succeeded, "\(installed.text)")
        #expect(!installed.text.contains("ocamlfind.1.9.6"), "\(installed.text)")
    }
}

/// Files that opam makes for the whole switch, and directories that it makes in every switch.
private func isOfTheWholeSwitch(_ path: String) -> Bool {
    let switchFiles = ["environment", "lock", "switch-config", "switch-state", "build", "sources", "backup"]
    return path.split(separator: "/").starts(with: [".opam-switch", "packages", "cache"])
        || switchFiles.contains { path == ".opam-switch/\($0)" || path.hasPrefix(".opam-switch/\($0)/") }
        || SwitchLayout.standardDirectories.contains(path)
        // Installed after the packages that need it, because it is named only under `post`.
        || path.hasPrefix(".opam-switch/")
            && ["bigarray", "threads", "unix"].contains { path.contains("/base-\($0).") }
}
