import Foundation
import Glibc
import TestSupport
import Testing

/// `ci bisect --run`: builds at commits in between, until one candidate remains.
@Suite(.enabled(if: getuid() == 0 && Program.areInstalled("bwrap", "git"), "needs root, bwrap and git"))
struct BisectRunTests {
    private static let failing = "Error: Unbound module Foo"

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        _ = try SmallRootPlugin.buildWithMatrix(in: directory, packages: ["p", "other"])
        try directory.shell("git init -q repo")
    }

    /// Writes a package, if one is given, and commits all changes.
    ///
    /// - Parameters:
    ///   - fields: Further fields of its opam file.
    /// - words: The output of its build before it fails; nil if it succeeds.
    ///   - source: Where its source is; nil: it has none.
    private func commit(
        _ message: String, _ package: String? = nil, _ fields: String = "", failing words: String? = nil,
        source: String? = nil
    ) throws -> String {
        if let package {
            let path = "repo/packages/\(package.prefix { $0 != "." })/\(package)"
            var text = "opam-version: \"2.0\"\ndepends: \"ocaml\"\nsynopsis: \"\(message)\"\n\(fields)\n"
            if let words {
                try directory.write(words + "\n", to: "\(path)/files/fails")
                let sum = try Program(["md5sum", directory("\(path)/files/fails")]).run().output.prefix(32)
                text += "extra-files: [\"fails\" \"md5=\(sum)\"]\n"
            }
            if let source {
                text += "url { src: \"\(source)\" checksum: \"md5=\(String(repeating: "0", count: 32))\" }\n"
            }
            try directory.write(text, to: "\(path)/opam")
        }
        try git("add", "-A", at: directory("repo"))
        try git("commit", "-q", "--allow-empty", "-m", message, at: directory("repo"))
        return try git("rev-parse", "HEAD", at: directory("repo"))
    }

    private func ci(_ words: String...) throws -> Program.Ending {
        let environment = [
            "CISO_PLUGIN_PATH": directory.path, "CISO_CACHE": directory("cache"), "CISO_STORE": directory("store"),
        ]
        return try Program(
            [BuiltProgram.path(of: "ci")] + words, in: directory.path,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
        ).run()
    }

    private func commits(of branch: String) throws -> [String] {
        try git("rev-list", branch, at: directory("store")).split(separator: "\n").map(String.init)
    }

    /// The executions of jobs that a branch has results of.
    private func executions(of branch: String) throws -> Set<String> {
        let log = try git("log", "--format=%B", branch, at: directory("store"))
        return Set(log.split(separator: "\n").filter { $0.hasPrefix("Execution: ") }.map(String.init))
    }

    private struct Found: Decodable {
        struct Commit: Decodable { var id: String }
        var commits: [Commit]
        var tries: Int
    }

    private func found(_ ending: Program.Ending) throws -> Found {
        try JSONDecoder().decode(Found.self, from: Data(ending.output.utf8))
    }

    @Test func theFirstBadCommitIsFoundAndResultsStay() throws {
        _ = try commit("first")
        #expect(try ci("run", "small.yaml").status == 0)
        for number in 1...3 { _ = try commit("change \(number)", "p.1", "build: [\"true\" \"\(number)\"]") }
        let bad = try commit("p 2, which breaks", "p.2", failing: Self.failing)
        for number in 4...6 { _ = try commit("touch \(number)", "other.1") }
        let run = try ci("run", "small.yaml")
        #expect(run.status == 1, "\(run.output)\(run.messages)")
        let results = try commits(of: "results/small/minimal-1")

        let ending = try ci("bisect", "--run", "small.yaml", "p")
        #expect(ending.status == 0, "\(ending.output)\(ending.messages)")
        #expect(
            ending.output.contains("minimal-1/5.3.0/p.2: the first bad commit is \(bad) in repo\n  p 2, which breaks"))
        #expect(ending.output.contains("package p: 1 → 2"), "\(ending.output)")
        #expect(try commits(of: "results/small/minimal-1") == results, "the deployment's own results are as they were")
        let executions = try executions(of: "results/small@bisect/minimal-1")

        let again = try ci("bisect", "--run", "small.yaml", "p", "--format", "json", "-q")
        #expect(again.status == 0 && again.messages.isEmpty, "\(again.messages)")
        let found = try found(again)
        #expect(found.commits.map(\.id) == [bad])
        #expect((1...3).contains(found.tries), "of seven commits: \(found.tries)")
        let log = try git("log", "--format=%s%n%b", "results/small@bisect/minimal-1", at: directory("store"))
        #expect(
            try self.executions(of: "results/small@bisect/minimal-1") == executions,
            "what was built is not built again: \(log)")
        #expect(try ci("store", "verify").status == 0)
    }

    /// A commit at which the machine fails is not a verdict, also if it fails for a dependency: it remains among the
    /// candidates.
    @Test(arguments: ["p.1", "other.1"]) func aCommitThatTheMachineFailsIsSkipped(package: String) throws {
        if package != "p.1" {
            try directory.write(
                "opam-version: \"2.0\"\ndepends: [\"ocaml\" \"other\"]\n", to: "repo/packages/p/p.1/opam")
        }
        _ = try commit("first")
        #expect(try ci("run", "small.yaml").status == 0)
        let skipped = try commit("\(package) on no server", package, source: "http://127.0.0.1:1/p.tgz")
        try directory.write("opam-version: \"2.0\"\ndepends: \"ocaml\"\n", to: "repo/packages/other/other.1/opam")
        let bad = try commit("p 1 fails", "p.1", failing: Self.failing)
        #expect(try ci("run", "small.yaml").status == 1)
        let ending = try ci("bisect", "--run", "small.yaml", "p", "--format", "json")
        #expect(ending.status == 3, "\(ending.output)\(ending.messages)")
        #expect(try found(ending).commits.map(\.id) == [skipped, bad], "\(ending.messages)")
        let text = try ci("bisect", "--run", "small.yaml", "p", "-q")
        #expect(text.output.contains("the first bad commit is one of 2"), "\(text.output)")
    }

    /// A commit without the package, which the matrix names, decides nothing; a matrix that cannot be planned at the bad
    /// commit either is an error.
    @Test func aCommitThatCannotBePlannedIsSkipped() throws {
        _ = try commit("first", "p.1")
        #expect(try ci("run", "small.yaml").status == 0)
        try directory.shell("git -C repo rm -rq packages/p")
        let without = try commit("without p")
        let good = try commit("with p again", "p.1")
        try directory.shell("git -C repo rm -rq packages/p")
        let again = try commit("without it again")
        let bad = try commit("p 1 fails", "p.1", failing: Self.failing)
        #expect(try ci("run", "small.yaml").status == 1)
        let ending = try ci("bisect", "--run", "small.yaml", "p", "--format", "json")
        #expect(ending.status == 3, "\(ending.output)\(ending.messages)")
        #expect(try found(ending).commits.map(\.id) == [again, bad], "\(without) \(good) \(ending.messages)")
        #expect(ending.messages.contains("it cannot be planned: there is no package 'p'"), "\(ending.messages)")
        try directory.write(
            (directory.read("small.yaml") ?? "").replacing("packages: [p,", with: "packages: [q,"), to: "wrong.yaml")
        let wrong = try ci("bisect", "--run", "wrong.yaml", "p")
        #expect(wrong.status == 2 && wrong.messages.contains("there is no package 'q'"), "\(wrong.messages)")
    }

    /// Commits changes of the checkout that the matrix pins `p` to.
    private func commitSource(_ message: String, failing words: String? = nil) throws -> String {
        try directory.write(message, to: "project/version")
        if let words { try directory.write(words + "\n", to: "project/fails") }
        try git("add", "-A", at: directory("project"))
        try git("commit", "-q", "-m", message, at: directory("project"))
        return try git("rev-parse", "HEAD", at: directory("project"))
    }

    /// Also if the repository has changed in between: it is excluded first, because `p` is bad at its last good commit.
    @Test func theSourceOfAPinIsSearched() throws {
        let tools = "/bin/cat /bin/tar /bin/gzip /bin/dd /bin/mv /bin/rm"
        _ = try SmallRootPlugin.build(
            in: directory.path, bootstrap: SmallRootPlugin.fill.replacing("/bin/cat", with: tools))
        try directory.write("opam-version: \"2.0\"\ndepends: \"ocaml\"\n", to: "project/p.opam")
        try directory.shell("git init -q project && echo '\npins: {p: {path: project}}' >>small.yaml")
        let good = try commitSource("first")
        _ = try commit("first")
        let first = try ci("run", "small.yaml")
        #expect(first.status == 0, "\(first.output)\(first.messages)")
        for number in 1...2 { _ = try commitSource("source \(number)") }
        let bad = try commitSource("breaks", failing: Self.failing)
        let last = try commitSource("last")
        _ = try commit("another repository", "other.1", "tags: \"new\"")
        #expect(try ci("run", "small.yaml").status == 1)

        let recorded = try ci("bisect", "p")
        let change = "source      p (git+file://\(directory("project")))  \(good.prefix(12)) → \(last.prefix(12))"
        #expect(recorded.output.contains(change), "\(recorded.output)\(recorded.messages)")
        #expect(!recorded.output.contains("its opam file or files"), "\(recorded.output)")

        let ending = try ci("bisect", "--run", "small.yaml", "p")
        #expect(ending.status == 0, "\(ending.output)\(ending.messages)")
        #expect(ending.messages.contains("repo is not the cause"), "\(ending.messages)")
        let found = "the first bad commit is \(bad) in git+file://\(directory("project"))\n  breaks\n"
        #expect(ending.output.contains(found), "\(ending.output)")
    }

    /// A cause outside of git, here an opam file beside the matrix: no commit is blamed for it.
    @Test func aCauseOutsideOfGitBlamesNoCommit() throws {
        let opam = "opam-version: \"2.0\"\ndepends: \"ocaml\"\n"
        try directory.write(opam, to: "p.opam")
        try directory.shell("echo '\npins: {p: {version: \"1\", opam: p.opam}}' >>small.yaml")
        _ = try commit("first")
        #expect(try ci("run", "small.yaml").status == 0)
        _ = try commit("another repository", "other.1", "tags: \"new\"")
        try directory.write(opam + "extra-files: [\"fails\" \"md5=d41d8cd98f00b204e9800998ecf8427e\"]\n", to: "p.opam")
        #expect(try ci("run", "small.yaml").status == 1)
        let ending = try ci("bisect", "--run", "small.yaml", "p")
        #expect(ending.status == 3, "\(ending.output)\(ending.messages)")
        #expect(ending.output.contains("no repository or source alone made it bad"), "\(ending.output)")
        #expect(try ci("bisect", "--run", "small.yaml", "p", "--format", "json").output.contains(#""commits" : ["#))
    }

    @Test func aCellThatNeverWasGoodIsRefused() throws {
        _ = try commit("first", "p.1", failing: Self.failing)
        #expect(try ci("run", "small.yaml").status == 1)
        let ending = try ci("bisect", "--run", "small.yaml", "p")
        #expect(ending.status == 2 && ending.output.isEmpty, "\(ending.output)")
        #expect(ending.messages.contains("error: "), "\(ending.messages)")
    }
}
