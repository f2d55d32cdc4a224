import Foundation
import Glibc
import TestSupport
import Testing

/// `ci plan` and `ci run` of targets whose environment is an image, made on the spot.
@Suite(
    .enabled(
        if: getuid() == 0 && SmallImage.isPossible && Program.areInstalled("bwrap"),
        "needs root, bwrap, busybox, python3 and zstd"))
struct ImageRunTests {
    private let workplace: Workplace
    private var folder: TemporaryDirectory { workplace.folder }

    init() throws {
        workplace = try Workplace()
        try workplace.write(packages: [
            "ocaml-base-compiler.5.3.0": "flags: compiler", "ocaml.5.3.0": #"depends: "ocaml-base-compiler""#,
            "p.1": """
            depends: "ocaml"
            depexts: ["foo-devel"] {os-family = "suse"}
            build: ["sh" "-ec" "test -e /usr/include/foo.h; test \\"$GREETING\\" = hello; test \\"$(id -u)\\" = 1234"]
            install: ["sh" "-ec" "mkdir -p \\"$1\\"; pwd >\\"$1/where\\"" "sh" "%{share}%/p"]
            """,
        ])
    }

    /// An image that says that it is openSUSE: a program of zypper's name, a user, a variable.
    private func leap(version: String = "15.6") throws -> ImageLayout.Image {
        let zypper = """
            #!/bin/sh
            echo "zypper $*" >>/var/log/zypper
            case "$*" in
                *foo-devel*) mkdir -p /usr/include; echo >/usr/include/foo.h ;;
            esac
            """
        return ImageLayout.Image(
            [
                try SmallImage.base(in: folder),
                ImageLayout.Layer([
                    SmallImage.release("opensuse-leap", like: "suse opensuse", version: version),
                    .file("etc/passwd", "root:x:0:0::/root:/bin/sh\nbuilder:x:1234:100::/home/builder:/bin/sh\n"),
                    .directory("var/log"), .file("usr/bin/zypper", zypper, mode: 0o755),
                ]),
            ], environment: ["GREETING=hello", "PATH=/usr/bin:/bin"], user: "builder")
    }

    private func writeMatrix(image: String, more: String = "") throws {
        try workplace.write(
            "m.yaml",
            """
            deployment: d
            repositories: [{path: repo}]
            targets:
              - name: leap
                image: \(image)
            \(more)
            compilers: [5.3.0]
            packages: [p]
            """)
    }

    private func ci(_ words: String..., more: [String: String] = [:]) throws -> Program.Ending {
        try workplace.run(
            words + ["--store", "store"],
            environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": folder.path].merging(more) { $1 })
    }

    private struct Planned: Decodable {
        struct Cell: Decodable {
            var basis: [String: [String: String?]]
        }
        var cells: [Cell]
    }

    private func jobs() throws -> [String] {
        let ending = try ci("plan", "m.yaml", "--format", "json")
        #expect(ending.status == 0, "\(ending.talk)")
        return try JSONDecoder().decode(Planned.self, from: Data(ending.output.utf8)).cells.compactMap {
            $0.basis["jobs"]?["build"] ?? nil
        }
    }

    @Test func aPackageIsBuiltInALayoutOnDisk() throws {
        let layout = ImageLayout(folder("images"))
        let digest = try layout.add([try leap()], tag: "leap")
        try writeMatrix(image: "oci:images:leap")
        let plan = try ci("plan", "m.yaml")
        #expect(plan.status == 0, "\(plan.talk)")
        #expect(plan.output.contains("oci:images@sha256:\(digest)"), "\(plan.output)")
        let before = try jobs()
        let run = try ci("run", "m.yaml")
        #expect(run.status == 0, "\(run.output)\(run.talk)")
        let log = try ci("log", "leap/5.3.0/p.1")
        #expect(log.status == 0)
        #expect(try jobs() == before, "the plan is a function of the image's digest")
        try layout.add([try leap(version: "15.7")], tag: "leap")
        #expect(try jobs() != before, "the same tag with another digest is another job")
    }
}
