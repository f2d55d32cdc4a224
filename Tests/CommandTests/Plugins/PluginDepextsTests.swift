import Foundation
import TestSupport
import Testing

/// `ci plugin depexts --against LIST`: the Debian plugin's names and those of a small repository, compared with lists
/// of packages in the forms that distributions publish.
@Suite struct PluginDepextsTests {
    private let directory: TemporaryDirectory
    /// The packages of the environment of debian-12, so that a list may lack one name at a time.
    private static let base = [
        "build-essential", "bzip2", "ca-certificates", "curl", "diffutils", "git", "m4", "patch", "pkg-config", "rsync",
        "tar", "unzip", "xz-utils",
    ]

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("opam-version: \"2.0\"\n", to: "repo/repo")
        try directory.write(
            """
            opam-version: "2.0"
            depexts: [
              ["libgmp-dev" "linux-headers" "zig"] {os-family = "debian"}
            ]

            """, to: "repo/packages/conf/conf.1/opam")
    }

    private func compare(_ list: String, _ arguments: String..., input: String = "") throws -> Program.Ending {
        let debug = URL(filePath: try BuiltProgram.path(of: "ciso-plugin-host")).deletingLastPathComponent().path
        return try Program(
            [
                BuiltProgram.path(of: "ci"), "plugin", "depexts", "--plugin-path", "\(debug)/libCisoDebian.so",
                "--repository", "repo", "--against", list,
            ] + arguments, in: directory.path,
            environment: ["CISO_CACHE": directory("cache"), "PATH": "/usr/bin:/bin", "HOME": directory.path],
            input: input
        ).run()
    }

    private func names(without absent: String? = nil, with more: [String] = []) -> [String] {
        (Self.base + ["libgmp-dev", "linux-libc-dev"] + more).filter { $0 != absent }
    }

    private func list(_ names: [String], as form: String) -> String {
        names.map { name in
            switch form {
            case "debian": "Package: \(name)\nVersion: 1-1\n\n"
            case "alpine": "C:Q1\nP:\(name)\nV:1\n\n"
            case "openbsd": "-rw-r--r--  1 0  0  1234 Oct  2 00:00:00 2025 \(name)-1.2p3.tgz\n"
            case "freebsd": #"{"name":"\#(name)","origin":"devel/\#(name)","version":"1"}"# + "\n"
            default: "\(name)\n"
            }
        }.joined()
    }

    @Test(arguments: ["names", "debian", "alpine", "openbsd", "freebsd"])
    func everyFormOfListIsRead(form: String) throws {
        try directory.write(list(names(), as: form), to: "list")
        let same = try compare("list", "debian-12")
        #expect(same.status == 0, "\(same.output)\(same.messages)")
        #expect(same.output.contains("  all agree"), "\(same.output)")
        #expect(same.output.hasPrefix("debian-12: 16 names compared with list; "), "\(same.output)")

        try directory.write(list(names(without: "libgmp-dev", with: ["libgmp3-dev"]), as: form), to: "list")
        let missing = try compare("list", "debian-12")
        #expect(missing.status == 1)
        #expect(
            missing.output.contains(
                "'libgmp-dev' is not in the list (passed through as it is); similar names: libgmp3-dev"),
            "\(missing.output)")
    }

    @Test func installedMappedAndUnknownNamesAreCompared() throws {
        let mapped = try compare("-", "debian-12", input: list(names(without: "linux-libc-dev"), as: "names"))
        #expect(mapped.status == 1)
        #expect(mapped.output.contains("'linux-libc-dev' is not in the list (the plugin's name for 'linux-headers')"))
        let installed = try compare("-", "debian-12", input: list(names(without: "xz-utils"), as: "names"))
        #expect(installed.output.contains("'xz-utils' is not in the list (installed in every environment)"))
        let present = try compare("-", "debian-12", input: list(names(with: ["zig"]), as: "names"))
        #expect(present.status == 1)
        #expect(present.output.contains("'zig' is in the list (called unknown by the plugin)"), "\(present.output)")
    }

    @Test func compressedListsAreRead() throws {
        try directory.write(list(names(), as: "debian"), to: "Packages")
        for program in ["gzip", "xz"] where Program.areInstalled(program) {
            try directory.shell("\(program) -k Packages")
        }
        for file in ["Packages.gz", "Packages.xz"] where FileManager.default.fileExists(atPath: directory(file)) {
            let ending = try compare(file, "debian-12")
            #expect(ending.status == 0, "\(ending.output)\(ending.messages)")
        }
    }

    @Test func invalidListsAreRejected() throws {
        let none = try compare("nowhere", "debian-12")
        #expect(none.status == 2 && none.messages.contains("nowhere: the list of packages cannot be read"), "\(none)")
        let empty = try compare("-", "debian-12")
        #expect(empty.status == 2 && empty.messages.contains("found none"), "\(empty.messages)")
        let targets = try compare("-")
        #expect(targets.status == 2 && targets.messages.contains("expected one target, found 0"), "\(targets.messages)")
    }

    /// The day is the plugin's own, and shown wherever it is listed.
    @Test func theDayOfTheLastComparisonIsShown() throws {
        let debug = URL(filePath: try BuiltProgram.path(of: "ciso-plugin-host")).deletingLastPathComponent().path
        let output = try Program([
            BuiltProgram.path(of: "ci"), "plugin", "list", "--plugin-path", debug, "--format", "json",
        ]).output()
        let listing = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        let plugins = try #require(listing?["plugins"] as? [[String: Any]])
        let debian = try #require(plugins.first { $0["name"] as? String == "debian" })
        let days = try #require(debian["namesCompared"] as? [String: String])
        #expect(Set(days.keys) == ["debian-11", "debian-12", "debian-13"])
        let text = try Program([BuiltProgram.path(of: "ci"), "plugin", "list", "--plugin-path", debug]).output()
        #expect(text.contains("NAMES COMPARED"))
        #expect(text.contains(days["debian-12"] ?? "?"), "\(text)")
        #expect(text.contains("never"), "nobody has compared the other plugins' names")
        let table = try compareNothing()
        #expect(table.contains(days["debian-13"] ?? "?"), "\(table)")
    }

    private func compareNothing() throws -> String {
        let debug = URL(filePath: try BuiltProgram.path(of: "ciso-plugin-host")).deletingLastPathComponent().path
        return try Program(
            [
                BuiltProgram.path(of: "ci"), "plugin", "depexts", "--plugin-path", "\(debug)/libCisoDebian.so",
                "--repository", "repo", "debian-13",
            ], in: directory.path,
            environment: ["CISO_CACHE": directory("cache"), "PATH": "/usr/bin:/bin", "HOME": directory.path]
        ).output()
    }
}
