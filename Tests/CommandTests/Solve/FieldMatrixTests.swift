import Foundation
import TestSupport
import Testing

/// `Matrices/opam-repo-ci.yaml`, with a registry on this machine that has one small image under all tags that the
/// matrix names.
@Suite(
    .enabled(
        if: RegistryServer.isInstalled && ImageLayout.isPossible && Program.areInstalled("skopeo", "git"),
        "needs docker-registry, skopeo, python3, zstd and git"))
struct FieldMatrixTests {
    private let fixture: CommandFixture
    private static let architectures = ["amd64", "arm64", "ppc64le", "s390x", "riscv64"]
    private static let directory = PackageDirectory.url.appending(path: "Matrices").path

    init() throws {
        fixture = try CommandFixture()
    }

    /// The references of a matrix, by target.
    private func references() throws -> [String: String] {
        let text = try String(contentsOfFile: "\(Self.directory)/opam-repo-ci.yaml", encoding: .utf8)
        let pairs = text.matches(of: /(?:name: ([a-z0-9.-]+)[,\n] *)image: "?(docker\.io\/ocaml\/opam:[a-z0-9.-]+)/)
        return Dictionary(pairs.map { (String($0.output.1), String($0.output.2)) }) { $1 }
    }

    /// Writes a repository with the compilers and options that the matrix names.
    private func writeRepository() throws {
        let text = try String(contentsOfFile: "\(Self.directory)/opam-repo-ci.yaml", encoding: .utf8)
        var packages: [String: String] = ["p.1": #"depends: "ocaml""#, "compiler-choice.1": ""]
        for match in text.matches(of: /(?:version: |^  - )([45]\.\d+\.\d+)/.anchorsMatchLineEndings()) {
            let version = String(match.output.1)
            packages["ocaml-base-compiler.\(version)"] = "flags: compiler"
            packages["ocaml.\(version)"] = #"depends: "ocaml-base-compiler" {= "\#(version)"}"#
        }
        for match in text.matches(of: /ocaml-option-[a-z-]+/) { packages["\(match.output).1"] = "" }
        try fixture.write(packages: packages)
        try fixture.directory.shell(
            """
            git init -q -b master repo
            git -C repo add .
            git -C repo -c user.name=t -c user.email=t@example.org commit -q -m packages
            """)
    }

    @Test func theMatrixOfOpamRepositorysCIIsPlanned() async throws {
        let server = try await RegistryServer()
        let layout = ImageLayout(fixture.directory("layout"))
        let images = Self.architectures.map { architecture in
            ImageLayout.Image(
                [
                    ImageLayout.Layer([
                        SmallImage.release("alpine", version: "3.22.1"), .file("sbin/apk"), .file("bin/sh"),
                        .file("etc/passwd", "opam:x:1000:1000::/home/opam:/bin/sh\n"),
                    ])
                ], architecture: architecture, user: "opam")
        }
        let index = try layout.add(images, tag: "one")
        try layout.push("one", to: server, as: "ocaml/opam:one")
        let references = try references()
        #expect(references.count == 17, "\(references)")
        for reference in Set(references.values) {
            let tag = reference.split(separator: ":")[1]
            try Program([
                "curl", "-fsS", "-X", "PUT", "-H", "Content-Type: application/vnd.oci.image.index.v1+json",
                "--data-binary", "@\(layout.blob(index))", "\(server.url)/v2/ocaml/opam/manifests/\(tag)",
            ]).output()
        }
        try writeRepository()
        for (name, columns) in [("opam-repo-ci", 28 * 2 + 17), ("opam-repo-ci-lower-bounds", 9)] {
            let ending = try fixture.run(
                [
                    "plan", "\(Self.directory)/\(name).yaml", "--store", "store-\(name)", "--image-mirrors",
                    "docker.io=\(server.url)", "--repository-mirrors",
                    "https://github.com/ocaml/opam-repository.git=\(fixture.directory("repo"))",
                ], environment: ["PATH": "/usr/bin:/bin", "HOME": fixture.directory.path])
            #expect(ending.status == 0, "\(ending.messages)")
            let lines = ending.output.split(separator: "\n")
            let found = lines.filter { $0.contains(/\s[45]\.\d+\.\d+/) }
            #expect(found.count == columns, "\(ending.output)")
            let resolved = lines.filter { $0.hasPrefix("image ") && $0.contains("docker.io/ocaml/opam@sha256:") }
            #expect(resolved.count == (columns == 9 ? 1 : 26), "\(ending.output)")
        }
    }
}
