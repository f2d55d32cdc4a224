import Core
import TestSupport
import Testing

@testable import Images

/// The facts found in images of several distributions.
@Suite(.enabled(if: ImageLayout.isPossible, "needs python3, zstd and dpkg"))
struct ImageFactsTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func facts(
        _ layers: [[ImageLayout.Member]], environment: [String] = [], user: String = ""
    ) async throws -> ImageFacts {
        let layout = ImageLayout(directory("layout"))
        let image = ImageLayout.Image(
            layers.map { ImageLayout.Layer($0) }, architecture: "amd64", environment: environment, user: user)
        try layout.add([image], tag: "x")
        let store = ImageStore(directory("store"))
        let resolved = try await store.resolve(
            ImageReference(.layout(layout.directory), tag: "x"), architecture: "x86_64")
        let found = try await store.facts(of: resolved)
        #expect(try await store.facts(of: resolved) == found, "what is kept is the same")
        return found
    }

    @Test(arguments: [
        ("debian", nil, "usr/bin/apt-get", "apt-get", "debian"),
        ("linuxmint", "ubuntu debian", "usr/bin/apt-get", "apt-get", "ubuntu"),
        ("fedora", nil, "usr/bin/dnf", "dnf", "fedora"), ("rocky", "rhel centos fedora", "usr/bin/dnf", "dnf", "rhel"),
        ("opensuse-leap", "suse opensuse", "usr/bin/zypper", "zypper", "suse"),
        ("arch", nil, "usr/bin/pacman", "pacman", "arch"), ("alpine", nil, "sbin/apk", "apk", "alpine"),
        ("void", nil, "usr/bin/xbps-install", "xbps-install", "void"), ("own", nil, "usr/bin/nothing", nil, "own"),
    ])
    func theFamilyIsFound(id: String, like: String?, program: String, manager: String?, family: String) async throws {
        let found = try await facts([[SmallImage.release(id, like: like, version: "1.2"), .file(program)]])
        #expect(found.packageManager == manager)
        #expect(found.distribution == id && found.family == family && found.version == "1.2")
        #expect(found.user == nil && found.compiler == nil && found.client == nil)
    }

    /// The distribution decides between several programs, links are followed, and removed files are ignored.
    @Test func upperLayersHideFilesOfLowerLayers() async throws {
        let found = try await facts([
            [
                .file("usr/bin/dnf"), .file("usr/bin/apt-get"), .link("bin", to: "usr/bin"),
                .file("usr/lib/os-release", "ID=debian\nVERSION_ID='11'\n"), .directory("etc"),
                .link("etc/os-release", to: "../usr/lib/os-release"), .file("usr/bin/ocamlc"),
                .file("usr/lib/ocaml/VERSION", "4.11.1\n"),
            ],
            [.file("usr/lib/os-release", "ID=debian\nVERSION_ID='12'\n"), .file("bin/.wh.ocamlc")],
        ])
        #expect(found.packageManager == "apt-get" && found.version == "12" && found.compiler == nil)
    }

    @Test func theOwnUserCompilerAndClientAreFound() async throws {
        let dpkg = """
            Package: openssl
            Version: 3.0

            Package: opam
            Status: install ok installed
            Version: 2.1.2-1+b1

            """
        let found = try await facts(
            [
                [
                    .file("etc/os-release", "ID=debian\nVERSION_ID=12\n"), .file("usr/bin/apt-get"),
                    .file("etc/passwd", "root:x:0:0::/root:/bin/sh\nopam:x:1000:1000::/home/opam:/bin/sh\n"),
                    .file("var/lib/dpkg/status", dpkg), .file("home/opam/.opam/config", "switch: \"5.3\"\n"),
                    .file("home/opam/.opam/5.3/bin/ocamlc"),
                    .file("home/opam/.opam/5.3/lib/ocaml/VERSION", "5.3.0\n# x\n"),
                    .file("home/opam/.opam/4.14/bin/ocamlc"),
                    .file("home/opam/.opam/4.14/lib/ocaml/VERSION", "4.14.2\n"),
                ]
            ], environment: ["PATH=/opt/bin:/usr/bin"], user: "opam")
        #expect(found.user == .init(name: "opam", uid: 1000, gid: 1000, home: "/home/opam"))
        #expect(found.compiler == .init(directory: "/home/opam/.opam/5.3/bin", version: "5.3.0"))
        #expect(found.client == "2.1.2" && found.path == "/opt/bin:/usr/bin")
        let system = try await facts([
            [
                .file("usr/bin/ocamlc"),
                .file(
                    "usr/lib/ocaml/caml/version.h",
                    "#define OCAML_VERSION 41301\n#define OCAML_VERSION_STRING \"4.13.1\"\n"),
                .file("sbin/apk"),
                .file("lib/apk/db/installed", "P:musl\nV:1\n\nP:opam\nV:2.3.0-r0\n"),
            ]
        ])
        #expect(system.compiler == .init(directory: "/usr/bin", version: "4.13.1") && system.client == "2.3.0")
    }

    @Test func anOrdinaryUserOfTheImageIsTaken() async throws {
        let passwd = ImageLayout.Member.file(
            "etc/passwd", "root:x:0:0::/root:/bin/sh\nubuntu:x:1000:1000::/home/ubuntu:/bin/sh\n")
        #expect(try await facts([[passwd]], user: "root").user?.name == "ubuntu")
        #expect(try await facts([[passwd]], user: "1000:1000").user?.name == "ubuntu")
        #expect(
            try await facts([[.file("etc/passwd", "x:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")]]).user
                == nil)
    }

    /// As in images of Fedora, and in those whose files are hard links to files of a lower layer.
    @Test func linkedFilesAreRead() async throws {
        let links = try await facts([
            [
                .link("etc/os-release", to: "../usr/lib/os-release"),
                .link("usr/lib/os-release", to: "./release.d/os-release-fedora"),
                .file("usr/lib/release.d/os-release-fedora", "ID=fedora\nVERSION_ID=41\n"),
            ]
        ])
        #expect(links.distribution == "fedora" && links.version == "41")
        let hard = try await facts([
            [.file("usr/lib/os-release", "ID=void\n"), .file("etc/passwd", "x:x:1000:1000::/home/x:/bin/sh\n")],
            [
                .hardLink("etc/os-release", to: "usr/lib/os-release"), .link("elsewhere", to: "etc"),
                .hardLink("etc/group", to: "./elsewhere/passwd"), .hardLink("etc/passwd", to: "etc/group"),
            ],
        ])
        #expect(hard.distribution == "void" && hard.user?.name == "x")
    }

    /// A number need not be in `/etc/passwd`, as in containers; ids that no root file system can have are ignored.
    @Test func aUserMayBeANumber() async throws {
        let passwd = ImageLayout.Member.file(
            "etc/passwd", "root:x:0:0::/root:/bin/sh\nopam:x:7:7::/home/opam:/bin/sh\n")
        let expected: [String: ImageFacts.User?] = [
            "1234": .init(name: "user1234", uid: 1234, gid: 1234, home: "/home/user1234"),
            "1234:5": .init(name: "user1234", uid: 1234, gid: 5, home: "/home/user1234"),
            "1234:staff": .init(name: "user1234", uid: 1234, gid: 1234, home: "/home/user1234"),
            "7:9": .init(name: "opam", uid: 7, gid: 7, home: "/home/opam"),
            "0": nil, "0:0": nil, "1000660000": nil, "-1": nil, "ghost": nil, ":5": nil, "1:2:3": nil,
        ]
        for (user, found) in expected {
            #expect(try await facts([[passwd]], user: user).user == found, "\(user)")
        }
        #expect(try await facts([[.file("a")]], user: "1234").user?.name == "opam")
    }

    @Test func aShellIsLookedFor() async throws {
        #expect(
            try await facts([[.file("usr/bin/dash"), .link("bin", to: "usr/bin"), .link("usr/bin/sh", to: "dash")]])
                .hasShell)
        #expect(try await !facts([[.file("usr/bin/bash"), .link("bin/sh", to: "/usr/bin/dash")]]).hasShell)
    }
}
