import Foundation
import TestSupport
import Testing

/// The files copied by `scripts/install`.
@Suite(.enabled(if: SeparateHost.isPossible && Program.areInstalled("ldd", "dpkg"), "needs root, ip and dpkg"))
struct InstallTests {
    /// A host without a Swift toolchain runs `ci` by a link, finds the plugins, and loads them in their own process.
    @Test func theCopyNeedsNoToolchain() throws {
        let directory = try TemporaryDirectory()
        let ci = try BuiltProgram.path(of: "ci")
        let build = URL(filePath: ci).deletingLastPathComponent().path
        let printed = try Program(["scripts/install", directory("ciso"), build], in: PackageDirectory.path).output()
        #expect(printed.contains("libgit2") && printed.contains("libyaml"), "\(printed)")
        let runtime = try directory.shell("dirname \"$(ldd \"$1\" | awk '/libswiftCore/ { print $3 }')\"", ci)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try directory.shell("mkdir bin && ln -s ../ciso/ci bin/ci")
        let host = try SeparateHost(hiding: [runtime])
        func run(_ words: String...) throws -> Program.Ending {
            try host.program(words, environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path]).run()
        }
        #expect(try run(ci, "--help").status != 0, "the host has no toolchain")
        let plugins = try run(directory("bin/ci"), "plugin", "list")
        #expect(plugins.status == 0, "\(plugins)")
        for name in ["debian", "openbsd", "freebsd", "archlinux"] { #expect(plugins.output.contains(name)) }
    }

    /// A directory without a build is named, with what to do.
    @Test func aBuildIsNeeded() throws {
        let directory = try TemporaryDirectory()
        let ended = try Program(
            ["scripts/install", directory("ciso"), directory("nothing")], in: PackageDirectory.path
        ).run()
        #expect(ended.status == 3 && ended.messages.contains("swift build -c release"), "\(ended)")
    }
}
