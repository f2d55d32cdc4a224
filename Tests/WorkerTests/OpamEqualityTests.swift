import Core
import Documents
import Executor
import Foundation
import OpamFormat
import OpamSwitch
import Testing

@testable import Worker

/// Compares what jobs install with what the real opam client installs, in the same root file system.
@Suite(
    .serialized, .enabled(if: QuickstartWorld.isPossible, "needs root, mmdebstrap and bwrap"),
    .enabled(if: QuickstartWorld.hasSources, "needs the sources of Matrices/quickstart/sources.tsv"))
struct OpamEqualityTests {
    private static var isFull: Bool { ProcessInfo.processInfo.environment["CISO_TEST_FULL"] == "1" }

    /// Among them a package with patches, one with system packages, and each way to install: commands, a `.install`
    /// file, both, none.
    private static var names: [String] {
        isFull
            ? ["bos", "cstruct", "logs", "re", "react", "rresult", "xml-light", "xmlm", "zarith"] : ["zarith", "seq"]
    }

    @Test func whatIsInstalledIsWhatOpamInstalls() async throws {
        let world = try await QuickstartWorld()
        let built = try await BuiltSwitch(Self.names, in: world)
        #expect(built.failures == [])
        let opam = try await StockOpam(in: world, systemPackages: built.systemPackages)
        let said = await opam.run(
            StockOpam.initialize(compiler: "ocaml-system.4.13.1")
                + "opam install \(Self.names.joined(separator: " "))\n")
        try #require(said.succeeded, "\(said.text)")
        let prefix = opam.target.layout.prefix
        let ours = try InstalledTree(prefix, in: built.layers, leavingOut: isOfTheWholeSwitch)
        let theirs = try InstalledTree(prefix, in: [opam.sandbox.changes], leavingOut: isOfTheWholeSwitch)
        #expect(ours.entries.count > 100)
        #expect(ours.differences(from: theirs) == [])
    }

    @Test func opamItselfWorksInTheAssembledSwitch() async throws {
        let world = try await QuickstartWorld()
        let built = try await BuiltSwitch(["ocamlfind", "seq"], in: world)
        let state = try ScratchDirectory(in: world.folders.scratch)
        let opam = try await StockOpam(in: world, layers: try built.withState(in: state.path))
        let list = await opam.run("opam list --installed --short --columns=package")
        #expect(list.succeeded)
        #expect(
            list.text.split(separator: "\n").map(String.init)
                == ["ocaml.4.13.1", "ocaml-config.2", "ocaml-system.4.13.1", "ocamlfind.1.9.6", "seq.base"])
        let executed = await opam.run("opam exec -- ocamlfind query findlib seq")
        #expect(executed.text.contains("\(opam.target.layout.prefix)/lib/findlib\n"), "\(executed.text)")
        let installed = await opam.run(
            """
            echo 'archive-mirrors: ["file:///ciso/cache"]' >>"$OPAMROOT/config"
            opam repository add --kind=local default /ciso/repository
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
