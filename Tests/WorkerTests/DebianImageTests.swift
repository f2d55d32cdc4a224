import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Worker

/// `ci run` with a real Debian image, made of mmdebstrap's root file system and pulled from a registry on this machine.
@Suite(
    .enabled(if: QuickstartFixture.isPossible, "needs root, mmdebstrap and bwrap"),
    .enabled(if: QuickstartFixture.hasSources, "needs the sources of Matrices/quickstart/sources.tsv"),
    .enabled(
        if: RegistryServer.isInstalled && ImageLayout.isPossible && Program.areInstalled("skopeo", "opam"),
        "needs docker-registry, skopeo, opam, python3 and zstd"))
struct DebianImageTests {
    private let directory: TemporaryDirectory
    private let server: RegistryServer

    init() async throws {
        directory = try TemporaryDirectory()
        server = try await RegistryServer()
    }

    /// Debian with a C compiler and OCaml, and the opam client in a separate layer on top of it.
    private func pushImage() async throws {
        let fixture = try await QuickstartFixture()
        let environment = try await TargetEnvironments(
            fixture.directories.environmentStore, catalog: fixture.catalog, variables: .ofTests
        ).environment(of: fixture.target) { _ in }
        // Without lists of packages, as published images are, and without what nothing here uses.
        try directory.shell(
            """
            tar -C "$1" -c --owner=0 --group=0 --exclude='./var/lib/apt/lists/*' --exclude='*.byte' --exclude='*.cmt' \\
                --exclude='*.cmti' --exclude='*lto-dump*' --exclude='./usr/bin/ocamldebug' --exclude='lib?san.*' \\
                --exclude='./usr/share/locale' --exclude='./home/opam' --exclude='./dev/*' . | zstd -q -1 -T2 >debian.tar.zst
            mkdir -p client/usr/bin client/usr/lib/x86_64-linux-gnu
            cp "$(command -v opam)" client/usr/bin/opam
            ldd client/usr/bin/opam | sed -n 's/.* => \\([^ ]*\\) .*/\\1/p' | while read -r library; do
                [ -e "$1/usr/lib/x86_64-linux-gnu/${library##*/}" ] || cp "$library" client/usr/lib/x86_64-linux-gnu
            done
            """, environment.base)
        let layout = ImageLayout(directory("images"))
        try layout.add(
            [
                ImageLayout.Image([
                    ImageLayout.Layer(archive: directory("debian.tar.zst")),
                    ImageLayout.Layer([], directory: directory("client")),
                ])
            ], tag: "debian")
        try layout.push("debian", to: server, as: "debian:12")
    }

    private func writeMatrix() throws {
        let client = try Program(["opam", "--version"]).output().split(separator: "\n")[0]
        let image = "\(server.url.dropFirst("http://".count))/debian:12"
        let hello = """
            opam-version: "2.0"
            depends: "ocaml"
            build: ["sh" "-ec" "echo 'print_string Sys.ocaml_version' >hello.ml; ocamlc -o hello hello.ml"]
            install: ["cp" "hello" "%{bin}%/hello"]

            """
        try directory.write(hello, to: "repo/packages/hello/hello.1/opam")
        let absent = """
            opam-version: "2.0"
            depends: "ocaml"
            depexts: ["no-such-package-dev"] {os-family = "debian"}

            """
        try directory.write(absent, to: "repo/packages/absent/absent.1/opam")
        try directory.write(
            """
            deployment: debian
            repositories: [{path: \(QuickstartFixture.quickstart.path)}, {path: repo}]
            targets:
              - {name: debian, image: "\(image)"}
              - {name: debian-opam, image: "\(image)", engine: opam, options: {opam-client: "\(client)"}}
            compilers: [{system: "4.13.1"}]
            packages: [conf-gmp, hello, absent]
            exclude: [{cells: "debian-opam/*/absent", reason: "one target is enough"}]

            """, to: "m.yaml")
    }

    private func ci(_ words: String...) throws -> Program.Ending {
        let environment = [
            "CISO_CACHE": directory("cache"), "CISO_SOURCE_CACHE": "\(QuickstartFixture.cache)/sources",
        ]
        return try Program(
            [try BuiltProgram.path(of: "ci")] + words + ["--store", "store"], in: directory.path,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
        ).run()
    }

    /// A depext by apt, with the image's compiler, by the runner itself and by the image's opam.
    @Test func realPackagesAreBuiltInADebianImage() async throws {
        try await pushImage()
        try writeMatrix()
        let run = try ci("run", "m.yaml", "--jobs", "2")
        #expect(run.status == 1, "\(run.output)\(run.messages)")
        let states = try ci("results", "--format", "json").cellStates()
        for target in ["debian", "debian-opam"] {
            for package in ["conf-gmp.5", "hello.1"] {
                #expect(states["\(target)/4.13.1/\(package)"] == "success", "\(run.output)\(run.messages)")
            }
        }
        #expect(states["debian/4.13.1/absent.1"] == "failure", "\(run.output)\(run.messages)")
        let log = try ci("log", "debian/4.13.1/absent.1").output
        #expect(log.contains("E: Unable to locate package no-such-package-dev"), "\(log)")
        // The layers of the image were pulled once for both targets.
        let blobs = try FileManager.default.contentsOfDirectory(atPath: directory("cache/worker/images/blobs"))
        let names = blobs.filter { Digest(hex: $0) != nil }
        #expect(names.count == 4, "two layers, a manifest and a configuration: \(blobs)")
        #expect(try ci("store", "verify").status == 0)
    }
}
