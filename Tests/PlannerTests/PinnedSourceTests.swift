import Archive
import Core
import Fetching
import Foundation
import Git
import Matrix
import Model
import OpamFormat
import TestSupport
import Testing

@testable import PlanSession
@testable import Planner

/// Pins to sources: repositories of git, archives and directories.
@Suite struct PinnedSourceTests {
    private struct Made {
        var plan: Plan
        var files: [Digest: PackageFiles]
        var warnings: [Diagnostic]
    }

    /// A directory with sources to pin, and a cache for them.
    private final class SourceFixture {
        private let temporary: TemporaryDirectory
        var directory: String { temporary.path }
        var small = SmallPlan()

        init() throws {
            temporary = try TemporaryDirectory()
            small.rest = "packages: [mine]\n"
        }

        /// A commit of a repository of that name, with opam files by name.
        @discardableResult
        func commit(_ name: String, _ files: [String: String], branch: String = "main") throws -> ObjectID {
            let git = try GitRepository(initializingBare: "\(directory)/\(name)")
            let entries = try files.map { name, opam in
                TreeEntry(
                    name: name, kind: .file,
                    id: try git.write(.blob, Array("opam-version: \"2.0\"\n\(opam)\n".utf8)))
            }
            let author = Signature(name: "Ada", email: "ada@example.org", time: 1_234_567_890)
            let parent = try git.reference("refs/heads/\(branch)")
            let commit = try git.write(
                Commit(
                    tree: git.write(Tree(entries)), parents: parent.map { [$0] } ?? [], author: author, message: "m\n"))
            try git.updateReference("refs/heads/\(branch)", to: commit, expecting: parent)
            return commit
        }

        func write(_ name: String, _ text: String) throws {
            let file = URL(fileURLWithPath: "\(directory)/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }

        /// The plan with pins; `DIRECTORY` in them is its directory.
        func planning(_ pins: String) async throws -> Made {
            var small = small
            small.rest += "pins:\n\(pins.replacingOccurrences(of: "DIRECTORY", with: directory))\n"
            var inputs = try small.inputs()
            let cache = SourceCache("\(directory)/cache") { url, _, _ in
                throw SourceError(.network, "\(url): no network in tests")
            }
            let unpinned = UnpinnedSources(cache)
            let outcome = await PinnedFiles(texts: inputs.matrix.sources, unpinned: unpinned, environment: .ofTests)
                .outcome(
                    of: inputs.matrix.pins)
            if let failure = outcome.failure { throw failure }
            try inputs.pin(outcome.packages)
            inputs.unpinned = unpinned
            let planning = try await Planner(inputs).plan()
            return Made(
                plan: try planning.plan, files: planning.files, warnings: outcome.warnings + planning.warnings)
        }

        /// The build job of `mine`, and the opam file that it has.
        func job(_ planning: Made, _ package: String = "mine.dev") throws -> (id: Digest, opam: String) {
            let id = try #require(planning.plan.build("debian-12/5.3.0/\(package)"))
            let job = try #require(planning.plan.jobs[id])
            return (id, String(decoding: try #require(planning.files[job.opam]).opam, as: UTF8.self))
        }
    }

    @Test func aBranchIsPinnedAtItsCommit() async throws {
        let fixture = try SourceFixture()
        let first = try fixture.commit("mine.git", ["mine.opam": #"depends: [ "ocaml" "fmt" ]"#])
        let pin = "  mine: git+file://DIRECTORY/mine.git#main"
        let before = try await fixture.planning(pin)
        let job = try fixture.job(before)
        #expect(job.opam.contains("src: \"git+file://\(fixture.directory)/mine.git#\(first)\""))
        #expect(before.plan.sources == ["git+file://\(fixture.directory)/mine.git#main": "\(first)"])
        #expect(before.plan.inputs(job.id) == ["fmt.0.9.0", "ocaml.5.3.0"])
        #expect(try fixture.job(try await fixture.planning(pin)).id == job.id)

        let second = try fixture.commit("mine.git", ["mine.opam": #"depends: [ "ocaml" "fmt" ]"#, "new": ""])
        let after = try await fixture.planning(pin)
        #expect(try fixture.job(after).id != job.id, "another commit is another job")
        #expect(after.plan.sources.values.contains("\(second)"))
        let exact = try await fixture.planning("  mine: {url: \"git+file://DIRECTORY/mine.git\", ref: \(first)}")
        #expect(try fixture.job(exact).id == job.id, "a commit that is named is that of the branch")
        #expect(exact.plan.sources.isEmpty, "and does not move")
    }

    @Test func versionsSubdirectoriesAndAllLocationsOfOpamFiles() async throws {
        let fixture = try SourceFixture()
        try fixture.write("src/sub/opam/mine.opam", "opam-version: \"2.0\"\nurl { src: \"https://e.org/old.tgz\" }\n")
        let pin = "  mine: {path: DIRECTORY/src, subpath: sub, version: 7.1}"
        let job = try fixture.job(try await fixture.planning(pin), "mine.7.1")
        #expect(job.opam.contains("subpath: \"sub\"") && job.opam.contains("checksum: [\"sha256="))
        #expect(!job.opam.contains("old.tgz"))
    }

    @Test func filesNextToAnOpamFileAreIncluded() async throws {
        let fixture = try SourceFixture()
        try fixture.write("src/opam/opam", "opam-version: \"2.0\"\n")
        try fixture.write("src/opam/files/fix.patch", "patch")
        let planning = try await fixture.planning("  mine: DIRECTORY/src")
        let id = try #require(planning.plan.build("debian-12/5.3.0/mine.dev"))
        let opam = try #require(planning.plan.jobs[id]).opam
        let files = try #require(planning.files[opam])
        #expect(files.files == ["fix.patch": Array("patch".utf8)])
    }

    @Test func pinDependsApplyUnlessTheMatrixOverridesThem() async throws {
        let fixture = try SourceFixture()
        let directory = fixture.directory
        try fixture.commit(
            "mine.git",
            [
                "mine.opam": """
                depends: [ "fmt" {= "9"} ]
                pin-depends: [ [ "fmt.9" "git+file://\(directory)/fmt.git#main" ] [ "deep.1" "git+file://\(directory)/deep.git" ] ]
                """
            ])
        try fixture.commit("fmt.git", ["fmt.opam": #"depends: [ "ocaml" ]"#])
        try fixture.commit(
            "deep.git",
            ["opam": #"pin-depends: [ [ "mine.1" "git+file:///nowhere" ] [ "nested.1" "git+file:///nowhere" ] ]"#])
        let planning = try await fixture.planning("  mine: git+file://DIRECTORY/mine.git")
        #expect(planning.plan.inputs(try fixture.job(planning).id) == ["fmt.9"])
        #expect(planning.plan.sources.count == 3)
        // The pins of 'deep' are not even read.
        #expect(planning.plan.cell("debian-12/5.3.0/nested.1") == nil)

        let held = try await fixture.planning("  mine: git+file://DIRECTORY/mine.git\n  fmt: 0.9.0")
        guard case .unsolvable? = held.plan.cell("debian-12/5.3.0/mine.dev")?.basis else {
            Issue.record("the matrix holds fmt at another version")
            return
        }
    }

    @Test func twoThatPinOneDifferentlyAreRefused() async throws {
        let fixture = try SourceFixture()
        for (name, branch) in [("mine", "one"), ("other", "two")] {
            try fixture.commit(
                "\(name).git",
                ["\(name).opam": "pin-depends: [ [ \"fmt.9\" \"git+file://\(fixture.directory)/fmt.git#\(branch)\" ] ]"]
            )
            try fixture.commit("fmt.git", ["fmt.opam": ""], branch: branch)
        }
        let failure = await #expect(throws: Failure.self) {
            try await fixture.planning("  mine: git+file://DIRECTORY/mine.git\n  other: git+file://DIRECTORY/other.git")
        }
        #expect(failure?.description.contains("pin 'fmt' in the matrix") == true, "\(String(describing: failure))")
    }

    @Test func allMistakesNameTheLocationOfTheirPin() async throws {
        let fixture = try SourceFixture()
        try fixture.commit("mine.git", ["README": ""])
        let failure = await #expect(throws: Failure.self) {
            try await fixture.planning(
                """
                  mine: git+file://DIRECTORY/mine.git#mai
                  other: {url: "git+file://DIRECTORY/mine.git"}
                  third: {path: DIRECTORY/nowhere}
                  fourth: {url: "hg+https://e.org/x"}
                  fifth: {url: "https://e.org/x.tgz", ref: main}
                """)
        }
        #expect(failure?.category == .input)
        let words = (failure?.description ?? "").replacingOccurrences(of: fixture.directory, with: "DIRECTORY")
        for part in [
            "m.yaml:7:9: error: pin 'mine': DIRECTORY/mine.git: there is no branch, tag or commit 'mai'; did you mean 'main'?"
                .replacingOccurrences(of: "'mine': DIRECTORY", with: "'mine': file://DIRECTORY"),
            "m.yaml:8:16: error: pin 'other': there is no opam file in 'git+file://DIRECTORY/mine.git#",
            "hint: it is looked for as other.opam, opam, and in a directory opam",
            "m.yaml:9:17: error: pin 'third': DIRECTORY/nowhere: there is no such file or directory",
            "m.yaml:10:17: error: pin 'fourth': hg+https://e.org/x: sources of hg cannot be fetched",
            "m.yaml:11:16: error: pin 'fifth': 'ref' needs a git repository",
        ] {
            #expect(words.contains(part), "\(part)\n\n\(words)")
        }
        let down = await #expect(throws: Failure.self) {
            try await fixture.planning("  mine: https://e.org/x.tgz")
        }
        #expect(down?.category == .unavailable, "the network is nobody's fault")
    }

    @Test func archivesAreHeldByTheirChecksum() async throws {
        let fixture = try SourceFixture()
        try fixture.write("src/mine.opam", "opam-version: \"2.0\"\n")
        try fixture.write("src/x", "1")
        let cache = SourceCache("\(fixture.directory)/other")
        let packed = try await cache.file(
            try await cache.exact(Source(url: "file://\(fixture.directory)/src"), of: "x"), of: "x")
        try FileManager.default.copyItem(atPath: packed, toPath: "\(fixture.directory)/mine.tar")
        let planning = try await fixture.planning("  mine: file://DIRECTORY/mine.tar")
        let opam = try fixture.job(planning).opam
        #expect(opam.contains("src: \"file://\(fixture.directory)/mine.tar\"") && opam.contains("checksum: [\"sha256="))
        let wrong = String(repeating: "0", count: 64)
        let failure = await #expect(throws: Failure.self) {
            try await fixture.planning("  mine: {url: \"file://DIRECTORY/mine.tar\", checksum: sha256=\(wrong)}")
        }
        #expect(failure?.description.contains("checksum mismatch") == true)
    }

    @Test func branchesOfRepositoryPackagesAreResolved() async throws {
        let fixture = try SourceFixture()
        let commit = try fixture.commit("lib.git", ["lib.opam": ""])
        fixture.small.rest = "packages: [lib, gone]\n"
        let url = "git+file://\(fixture.directory)/lib.git"
        fixture.small.opamFiles["lib.1"] = "url { src: \"\(url)#main\" }"
        fixture.small.opamFiles["gone.1"] = "url { src: \"\(url)#gone\" }"
        let planning = try await fixture.planning("  cmdliner: 1.0.0")
        #expect(try fixture.job(planning, "lib.1").opam.contains("#\(commit)"))
        #expect(try fixture.job(planning, "gone.1").opam.contains("#gone"), "its job will tell")
        #expect(planning.plan.sources == ["\(url)#main": "\(commit)", "\(url)#gone": ""])
        #expect(planning.warnings.count == 1)
    }

    // MARK: Versions

    /// Like `opam pin`: the newest version that a target has, whatever its flags; otherwise the newest; `dev` for a
    /// package that no repository has.
    @Test func withoutAVersionThatOfTheRepositoryIsUsed() async throws {
        let fixture = try SourceFixture()
        fixture.small.rest = "packages: all\n"
        try fixture.commit("mine.git", ["mine.opam": "", "new.opam": ""])
        let address = "git+file://DIRECTORY/mine.git"
        fixture.small.opamFiles["mine.1.0"] = ""
        fixture.small.opamFiles["mine.2.0"] = "flags: avoid-version"
        fixture.small.opamFiles["mine.3.0"] = #"available: os = "win32""#
        fixture.small.opamFiles["user.1"] = #"depends: [ "ocaml" "mine" {= "2.0"} ]"#
        let planning = try await fixture.planning("  mine: \(address)\n  new: \(address)")
        #expect(planning.plan.build("debian-12/5.3.0/mine.2.0") != nil)
        #expect(planning.plan.build("debian-12/5.3.0/new.dev") != nil)
        #expect(planning.plan.build("debian-12/5.3.0/user.1") != nil)
        fixture.small.opamFiles["mine.1.0"] = "available: false"
        fixture.small.opamFiles["mine.2.0"] = "available: false"
        let unavailable = try await fixture.planning("  mine: \(address)")
        #expect(unavailable.plan.build("debian-12/5.3.0/mine.3.0") != nil)
    }

    @Test func theVersionIsTakenFromTheMatrixOrTheOpamFile() async throws {
        let fixture = try SourceFixture()
        try fixture.commit("mine.git", ["mine.opam": "version: \"7.3\""])
        let address = "git+file://DIRECTORY/mine.git"
        #expect(try await fixture.planning("  mine: \(address)").plan.build("debian-12/5.3.0/mine.7.3") != nil)
        let given = try await fixture.planning("  mine: {url: \"\(address)\", version: 9}")
        #expect(given.plan.build("debian-12/5.3.0/mine.9") != nil)
        try fixture.write("own.opam", "opam-version: \"2.0\"\nversion: \"3~beta\"\n")
        let own = try await fixture.planning("  mine: {opam: DIRECTORY/own.opam}")
        #expect(own.plan.build("debian-12/5.3.0/mine.3~beta") != nil)
        try fixture.write("other/mine.opam", "opam-version: \"2.0\"\nname: \"yours\"\n")
        let other = try await fixture.planning("  mine: DIRECTORY/other")
        #expect(other.plan.build("debian-12/5.3.0/mine.dev") != nil)
        #expect(
            other.warnings.contains { $0.message.contains("field 'name': expected \"mine\", found \"yours\"") },
            "\(other.warnings)")
    }

    // MARK: Checkouts

    private func checkout(_ fixture: SourceFixture, _ name: String = "work") throws -> String {
        try fixture.write("\(name)/mine.opam", "opam-version: \"2.0\"\n")
        try fixture.write("\(name)/.gitignore", "ignored\n")
        try fixture.write("\(name)/ignored", "")
        let directory = "\(fixture.directory)/\(name)"
        try git("init", "-q", "-b", "main", at: directory)
        try git("add", "-A", at: directory)
        try git("commit", "-q", "-m", "first", at: directory)
        return directory
    }

    @Test func uncommittedFilesOfACheckoutAreReported() async throws {
        let fixture = try SourceFixture()
        let directory = try checkout(fixture)
        let pin = "  mine: DIRECTORY/work"
        #expect(try await fixture.planning(pin).warnings.isEmpty, "ignored files are not asked about")
        try fixture.write("work/mine.opam", "opam-version: \"2.0\"\nversion: \"8\"\n")
        try fixture.write("work/new.ml", "")
        let planning = try await fixture.planning(pin)
        #expect(planning.plan.build("debian-12/5.3.0/mine.dev") != nil)
        let words = planning.warnings.map(\.description).joined(separator: "\n")
        for part in [
            "m.yaml:7:9: warning: pin 'mine': only what is committed counts; left out of '\(directory)': "
                + "1 file uncommitted: 'mine.opam'; 1 file unknown to git: 'new.ml'",
            "hint: commit it, or take the directory as it is: url: \"file://\(directory)\"",
        ] {
            #expect(words.contains(part), "\(part)\n\(words)")
        }
        let whole = try await fixture.planning("  mine: {url: \"file://DIRECTORY/work\"}")
        #expect(whole.plan.build("debian-12/5.3.0/mine.8") != nil && whole.warnings.isEmpty, "the remedy is one")
        try git("branch", "older", at: directory)
        #expect(try await fixture.planning("  mine: {path: DIRECTORY/work, ref: older}").warnings.isEmpty)
        #expect(try await fixture.planning("  mine: {path: DIRECTORY/work, ref: main}").warnings.count == 1)
        #expect(try await fixture.planning("  mine: git+file://DIRECTORY/work").warnings.count == 1)
    }

    @Test func anOpamFileThatIsNotCommittedIsNamed() async throws {
        let fixture = try SourceFixture()
        let directory = try checkout(fixture)
        for name in ["other.opam", "ignored/opam"] {
            try? FileManager.default.removeItem(atPath: "\(directory)/ignored")
            try fixture.write("work/\(name)", "opam-version: \"2.0\"\n")
        }
        let failure = await #expect(throws: Failure.self) { try await fixture.planning("  other: DIRECTORY/work") }
        let words = failure?.description ?? ""
        #expect(words.contains("'other.opam' in '\(directory)' is not committed"), "\(words)")
        #expect(words.contains("hint: commit it, or take the directory as it is"), "\(words)")
    }

    @Test func workTreesOfOneRepositoryAndSubmodulesCount() async throws {
        let fixture = try SourceFixture()
        let directory = try checkout(fixture)
        try git("worktree", "add", "-q", "--detach", "../detached", at: directory)
        try fixture.write("detached/new.ml", "")
        let detached = try await fixture.planning("  mine: DIRECTORY/detached")
        #expect(detached.warnings.count == 1 && detached.plan.build("debian-12/5.3.0/mine.dev") != nil)
        _ = try checkout(fixture, "inner")
        try git(
            "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "\(fixture.directory)/inner", "sub",
            at: directory
        )
        try git("commit", "-q", "-m", "sub", at: directory)
        #expect(try await fixture.planning("  mine: DIRECTORY/work").warnings.isEmpty)
        try fixture.write("work/sub/dirty", "")
        let words = try await fixture.planning("  mine: DIRECTORY/work").warnings.map(\.description).joined()
        #expect(words.contains("1 file uncommitted: 'sub'"), "\(words)")
    }

    // MARK: Paths

    /// No letter of a path has a meaning.
    @Test(arguments: ["a b", "50%20off", "a#b", "git+foo", "host:path", "a@b", "x.git", "C:\\x", "~", "ä"])
    func pathsAreNoAddresses(name: String) async throws {
        let fixture = try SourceFixture()
        try fixture.write("plain/\(name)/mine.opam", "opam-version: \"2.0\"\nversion: \"1\"\n")
        let quoted = "'DIRECTORY/plain/\(name)'"
        #expect(try await fixture.planning("  mine: \(quoted)").plan.build("debian-12/5.3.0/mine.1") != nil)
        #expect(try await fixture.planning("  mine: {path: \(quoted)}").plan.build("debian-12/5.3.0/mine.1") != nil)
        let directory = "\(fixture.directory)/plain/\(name)"
        try git("init", "-q", "-b", "main", at: directory)
        try git("add", "-A", at: directory)
        try git("commit", "-q", "-m", "first", at: directory)
        let planning = try await fixture.planning("  mine: \(quoted)")
        #expect(planning.plan.build("debian-12/5.3.0/mine.1") != nil && planning.plan.sources.count == 1)
        try git("branch", "other", at: directory)
        let other = try await fixture.planning("  mine: {path: \(quoted), ref: other}")
        #expect(other.plan.build("debian-12/5.3.0/mine.1") != nil)
    }
}
