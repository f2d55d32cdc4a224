import Archive
import Core
import Foundation
import OpamFormat
import OpamSolver
import TestSupport
import Testing

@testable import OpamRepository

/// A package with broken files affects only itself, and is reported with its location.
@Suite struct BrokenPackageTests {
    private let fixture: RepositoryFixture
    private static let opam = "opam-version: \"2.0\"\n"

    init() throws {
        fixture = try RepositoryFixture()
        try fixture.write(["r/packages/good/good.1/opam": Self.opam, "r/packages/good/good.1/files/f": "f"])
    }

    private func link(_ path: String, to target: String) throws {
        let link = fixture.path("r/packages/\(path)")
        try FileManager.default.createDirectory(
            atPath: (link as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    }

    /// The universe and its problems, of the directory and of git.
    private func readings() throws -> [(
        label: String, set: RepositorySet, universe: Universe, problems: [PackageProblem]
    )] {
        try fixture.run("/bin/cp", ["-a", "r", "git"])
        try fixture.commit("git")
        return try ["r", "git"].map { name in
            let set = try RepositorySet([fixture.path(name)])
            var diagnostics: [Diagnostic] = []
            let universe = try set.universe(cache: fixture.path("cache"), threads: 2, &diagnostics)
            return (name, set, universe, set.problems(of: universe))
        }
    }

    private func files(_ package: String, in set: RepositorySet) throws -> [FilePath: [UInt8]] {
        let reader = try set.reader()
        var diagnostics: [Diagnostic] = []
        let entries = try reader.names(&diagnostics).flatMap { try reader.versions(of: $0, &diagnostics) }
        return try reader.files(of: #require(entries.first { $0.package.description == package }))
    }

    /// Faults that make a version unusable, and the words of their messages.
    static let faults: [(name: String, make: @Sendable (BrokenPackageTests) throws -> Void, words: String)] = [
        ("link to nothing", { try $0.link("bad/bad.1/files/x", to: "nothing") }, "bad/bad.1/files/x: is "),
        ("link to itself", { try $0.link("bad/bad.1/files/x", to: "x") }, "bad/bad.1/files/x: is "),
        ("files in a circle", { try $0.link("bad/bad.1/files/x", to: "..") }, "too many files, or too deep"),
        ("files is a file", { try $0.fixture.write(["r/packages/bad/bad.1/files": ""]) }, "bad/bad.1/files: is a file"),
        (
            "opam is a directory",
            { fixture in
                try fixture.fixture.remove("r/packages/bad/bad.1/opam")
                try fixture.fixture.write(["r/packages/bad/bad.1/opam/opam": opam])
            }, "bad/bad.1/opam: is a directory, expected a file"
        ),
        (
            "opam leads nowhere",
            { fixture in
                try fixture.fixture.remove("r/packages/bad/bad.1/opam")
                try fixture.link("bad/bad.1/opam", to: "../nowhere")
            }, "bad/bad.1/opam: is "
        ),
        ("syntax", { try $0.fixture.write(["r/packages/bad/bad.1/opam": "x: [\n"]) }, "bad/bad.1/opam:2:1: expected"),
        (
            "byte order mark", { try $0.fixture.write(["r/packages/bad/bad.1/opam": "\u{FEFF}\(opam)"]) },
            "bad/bad.1/opam:1:1: "
        ),
        (
            "future format", { try $0.fixture.write(["r/packages/bad/bad.1/opam": "opam-version: \"3.0\"\n"]) },
            "bad/bad.1/opam:1:"
        ),
        (
            "too large",
            { fixture in
                let text = String(repeating: "# long\n", count: SyntaxTree.largestFile / 7 + 1)
                try fixture.fixture.write(["r/packages/bad/bad.1/opam": text])
            }, "bad/bad.1/opam: "
        ),
        (
            "url of opam 1 without address", { try $0.fixture.write(["r/packages/bad/bad.1/url": "x: 1\n"]) },
            "bad/bad.1/url:1:1: the file contains no URL"
        ),
    ]

    @Test(arguments: faults.indices)
    func aFaultCostsItsOwnPackageOnly(number: Int) throws {
        let fault = Self.faults[number]
        try fixture.write(["r/packages/bad/bad.1/opam": Self.opam, "r/packages/bad/bad.2/opam": Self.opam])
        try fault.make(self)
        for (label, set, universe, problems) in try readings() {
            let target = TargetUniverse(universe, variables: [:])
            let all = (0..<universe.packageCount).map { Universe.PackageID($0) }
            let available = all.filter { target.isAvailable($0) }
            #expect(available.map(universe.text(of:)).sorted() == ["bad.2", "good.1"], "\(fault.name) in \(label)")
            let reported = problems.filter { $0.effect == .leftOut }
            #expect(
                reported.map(\.name) == ["bad"] && reported.first?.version == "1",
                "\(fault.name) in \(label): \(problems)")
            #expect(
                reported.first?.warning.message.contains(fault.words) == true, "\(fault.name) in \(label): \(reported)")
            #expect(try files("good.1", in: set) == ["f": Array("f".utf8)])
        }
    }

    /// Names in any encoding, of files, directories and links; two spellings of one letter are two names.
    @Test func namesOfFilesAreBytes() throws {
        try fixture.write(["r/packages/odd/odd.1/opam": Self.opam])
        let script = #"""
            cd r/packages/odd/odd.1; mkdir files; cd files
            d=$(printf 'd\377'); mkdir "$d"; echo 1 >"$d/$(printf 'a\351')"; echo 2 >"$(printf 't\tb')"; echo 3 >'50%41'
            echo 4 >"$(printf '\303\251')"; echo 5 >"$(printf 'e\314\201')"; ln -s 50%41 "$(printf 'l\351')"
            """#
        try fixture.run("/bin/sh", ["-ec", script])
        let expected: [FilePath: String] = [
            FilePath(bytes: [0x64, 0xFF, 0x2F, 0x61, 0xE9]): "1\n", "t\tb": "2\n", "50%41": "3\n",
            FilePath(bytes: [0xC3, 0xA9]): "4\n", FilePath(bytes: [0x65, 0xCC, 0x81]): "5\n",
            FilePath(bytes: [0x6C, 0xE9]): "3\n",
        ]
        for (label, set, _, problems) in try readings() {
            #expect(problems.isEmpty, "\(label): \(problems)")
            #expect(try files("odd.1", in: set) == expected.mapValues { Array($0.utf8) }, "\(label)")
        }
    }

    @Test func linksAreFollowedWhereverTheyStayInTheRepository() throws {
        try fixture.write([
            "r/shared/fix.patch": "patch", "r/shared/more/a": "a", "r/packages/l/l.1/opam": Self.opam,
            "r/packages/l/l.1/files/own": "own",
        ])
        try link("l/l.1/files/fix.patch", to: "../../../../shared/fix.patch")
        try link("l/l.1/files/more", to: "../../../../shared/more")
        try link("l/l.1/files/twice", to: "own")
        try link("l/l.2/opam", to: "../l.1/opam")
        try link("l/l.3", to: "l.1")
        try link("m", to: "../elsewhere")
        try fixture.write(["r/elsewhere/m.1/opam": Self.opam])
        for (label, set, universe, problems) in try readings() {
            #expect(problems == [], "\(label)")
            #expect(universe.packageCount == 5, "\(label)")
            let expected: [FilePath: String] = ["fix.patch": "patch", "more/a": "a", "twice": "own", "own": "own"]
            #expect(try files("l.1", in: set) == expected.mapValues { Array($0.utf8) }, "\(label)")
            #expect(try files("l.3", in: set) == expected.mapValues { Array($0.utf8) }, "\(label)")
        }
    }

    @Test func linksOutOfARepositoryOfGitAreRefused() throws {
        try fixture.write([
            "outside": "x", "r/packages/bad/bad.1/opam": Self.opam, "r/packages/abs/abs.1/opam": Self.opam,
        ])
        try link("bad/bad.1/files/x", to: "../../../../../outside")
        try link("abs/abs.1/files/x", to: "/etc/hostname")
        let git = try readings()[1]
        #expect(git.problems.map(\.name) == ["abs", "bad"])
        for problem in git.problems {
            #expect(problem.message.contains("is a link that leads out of the repository"), "\(problem)")
        }
    }

    /// The target of a link is outside of the directory of the package's name: a change of it is detected anyway.
    @Test func aChangeBehindALinkIsSeen() throws {
        try fixture.write(["git/packages/l/l.1/opam": Self.opam, "git/shared/f": "one"])
        try FileManager.default.createDirectory(
            atPath: fixture.path("git/packages/l/l.1/files"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: fixture.path("git/packages/l/l.1/files/f"), withDestinationPath: "../../../../shared/f")
        func fingerprint() throws -> String? {
            try fixture.commit("git")
            var diagnostics: [Diagnostic] = []
            let set = try RepositorySet([fixture.path("git")])
            let universe = try set.universe(cache: fixture.path("cache"), threads: 1, &diagnostics)
            return try universe.fingerprint(of: #require(universe.nameID("l")))
        }
        let before = try fingerprint()
        try fixture.write(["git/shared/f": "two"])
        let changed = try fingerprint()
        #expect(changed != before)
        try fixture.remove("git/shared/f")
        #expect(try fingerprint() != changed)
        var diagnostics: [Diagnostic] = []
        let set = try RepositorySet([fixture.path("git")])
        let universe = try set.universe(cache: fixture.path("cache"), threads: 1, &diagnostics)
        #expect(set.problems(of: universe).first?.message.contains("which does not exist") == true)
    }

    @Test func submodulesAreNoFiles() throws {
        try fixture.write(["git/packages/bad/bad.1/opam": Self.opam, "git/packages/good/good.1/opam": Self.opam])
        try fixture.commit("git")
        let id = String(repeating: "1", count: 40)
        for path in ["packages/bad/bad.1/files/sub", "packages/bad/bad.2", "packages/other"] {
            try git("update-index", "--add", "--cacheinfo", "160000,\(id),\(path)", at: fixture.path("git"))
        }
        try git("commit", "-qm", "submodules", at: fixture.path("git"))
        var diagnostics: [Diagnostic] = []
        let set = try RepositorySet([fixture.path("git")])
        let universe = try set.universe(cache: nil, threads: 1, &diagnostics)
        let problems = set.problems(of: universe)
        #expect(
            problems.map(\.name) == ["bad", "bad"] && problems.allSatisfy { $0.message.contains("is a submodule") })
        #expect(diagnostics.contains { $0.message.contains("packages/other: is a submodule") }, "\(diagnostics)")
    }

    @Test func aFileThatCannotBeReadIsTheMachinesFaultOnlyIfItIs() throws {
        try fixture.write(["r/packages/bad/bad.1/opam": Self.opam])
        try fixture.run("/usr/bin/mkfifo", [fixture.path("r/packages/bad/bad.1/url")])
        let set = try RepositorySet([fixture.path("r")])
        var diagnostics: [Diagnostic] = []
        let universe = try set.universe(cache: nil, threads: 1, &diagnostics)
        #expect(set.problems(of: universe).map(\.name) == ["bad"])
    }

    @Test func sourcesOfOpam1AreRead() throws {
        try fixture.write([
            "r/packages/old/old.1/opam": Self.opam,
            "r/packages/old/old.1/url":
                "archive: \"https://example.org/old.tgz\"\nchecksum: \"\(String(repeating: "a", count: 32))\"\n",
            "r/packages/old/old.1/descr": "A package\n",
        ])
        for (_, set, _, problems) in try readings() {
            #expect(problems == [])
            let reader = try set.reader()
            var diagnostics: [Diagnostic] = []
            let entries = try reader.names(&diagnostics).flatMap { try reader.versions(of: $0, &diagnostics) }
            let old = try #require(entries.first { $0.package.name.text == "old" })
            let url = try reader.opamFile(of: old).url
            #expect(url?.url == "https://example.org/old.tgz" && url?.checksums.count == 1)
        }
    }

    /// The messages of a cached universe have the locations of the current reader.
    @Test func locationsAreNotKeptInTheCache() throws {
        try fixture.write([
            "r/packages/bad/bad.1/opam": "x: [\n", "r/packages/dup/dup.1/opam": "depends: []\ndepends: []\n",
        ])
        try fixture.run("/bin/cp", ["-a", "r", "git"])
        try fixture.commit("git")
        try fixture.run("/bin/cp", ["-a", "git", "copy"])
        var diagnostics: [Diagnostic] = []
        for name in ["git", "copy"] {
            let set = try RepositorySet([fixture.path(name)])
            let universe = try set.universe(cache: fixture.path("cache"), threads: 1, &diagnostics)
            let problems = set.problems(of: universe)
            #expect(problems.map(\.effect) == [.leftOut, .building])
            #expect(problems.map(\.message).contains { $0.hasPrefix("packages/dup/dup.1/opam:2:1: ") }, "\(problems)")
            for problem in problems {
                #expect(problem.warning.message.hasPrefix("\(fixture.path(name)):packages/"), "\(problem.warning)")
            }
        }
        for file in try FileManager.default.contentsOfDirectory(atPath: fixture.path("cache")) {
            let bytes = try #require(FileManager.default.contents(atPath: fixture.path("cache/\(file)")))
            #expect(bytes.range(of: Data(fixture.directory.path.utf8)) == nil)
        }
    }

    @Test func fieldsThatContradictTheDirectoryAreReported() throws {
        try fixture.write(["r/packages/x/x.1/opam": "opam-version: \"2.0\"\nname: \"y\"\nversion: \"2\"\n"])
        let problems = try readings()[0].problems
        #expect(problems.map(\.effect) == [.building, .building])
        #expect(problems.contains { $0.message.contains("x/x.1/opam:2:1: field 'name': expected \"x\", found \"y\"") })
    }
}
