import Foundation
import TestSupport
import Testing

/// The shell scripts that the runner runs: the files of the directories `Scripts` of the modules.
@Suite struct ScriptTests {
    private let tree = SourceTree()

    private func scripts() -> [String] {
        let sources = tree.root.appending(path: "Sources")
        let paths = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".sh") }.sorted().map { sources.appending(path: $0).path }
    }

    /// Shellcheck detects constructs outside of POSIX and words that a shell would split.
    @Test(.enabled(if: Program.areInstalled("shellcheck"), "needs the package 'shellcheck'"))
    func shellcheckFindsNothing() throws {
        let paths = scripts()
        for module in ["OpamSwitch", "PluginTools", "SSH", "Worker"] {
            #expect(paths.contains { $0.contains("/\(module)/Scripts/") }, "the scripts of \(module) are not found")
        }
        let ending = try Program(["shellcheck", "--shell=sh", "--severity=style"] + paths, isJoined: true).run()
        #expect(ending.status == 0, "\(ending.output)")
    }

    /// The scripts for people who work on ciso.
    @Test(.enabled(if: Program.areInstalled("shellcheck"), "needs the package 'shellcheck'"))
    func shellcheckFindsNothingInTheScriptsForDevelopers() throws {
        let names = ["build-server", "fetch-sources", "install-packages", "quickstart", "require-swift", "test"]
        let paths = names.map { tree.root.appending(path: "scripts/\($0)").path }
        let ending = try Program(["shellcheck", "--severity=warning"] + paths, isJoined: true).run()
        #expect(ending.status == 0, "\(ending.output)")
    }

    /// The end of a long output has the messages of the tests that failed, and after a crash the tests that did not
    /// end.
    @Test func failedTestsArePrintedAgain() throws {
        let directory = try TemporaryDirectory()
        let ended = """
            ◇ Test run started.
            ◇ Test "named so" started.
            ◇ Test two(_:) started.
            ◇ Test fine() started.
            ◇ Test never() started.
            ◇ Test case passing 1 argument x → 2 to two(_:) started.
            ✘ Test "named so" recorded an issue at A.swift:3:34: Expectation failed: (1 + 1 → 2) == 3
            ↳ a comment
              of two lines
            ✔ Test fine() passed after 0.013 seconds.
            ✘ Test two(_:) recorded an issue with 1 argument x → 2 at A.swift:4:50: Expectation failed: (x → 2) < 2
            ✘ Test "named so" failed after 0.013 seconds with 1 issue.
            ✘ Test two(_:) with 3 test cases failed after 0.013 seconds with 1 issue.

            """
        try directory.write(ended + "P/B.swift:2: Fatal error: boom\n", to: "crash.log")
        let total = "✘ Test run with 4 tests in 1 suite failed after 1 second with 2 issues."
        try directory.write(ended + total + "\n", to: "end.log")
        func printed(_ log: String) throws -> [Substring] {
            try Program([tree.root.appending(path: "scripts/failed-tests").path, directory(log)]).output()
                .split(separator: "\n")
        }
        let issues: [Substring] = [
            "==> what failed",
            "✘ Test \"named so\" recorded an issue at A.swift:3:34: Expectation failed: (1 + 1 → 2) == 3",
            "    ↳ a comment", "      of two lines",
            "✘ Test two(_:) recorded an issue with 1 argument x → 2 at A.swift:4:50: Expectation failed: (x → 2) < 2",
        ]
        let crash = try printed("crash.log")
        #expect(crash.starts(with: issues + ["P/B.swift:2: Fatal error: boom", "not ended: Test never()"]), "\(crash)")
        #expect(crash.count == issues.count + 4)
        let end = try printed("end.log")
        #expect(end.starts(with: issues) && end.count == issues.count + 3, "\(end)")
        #expect(end.last.map(String.init) == total)
    }

    /// Longer scripts are in files: no Swift file outside of the plugin kit contains a branch or a loop of the shell.
    @Test func noScriptIsTextInSwift() {
        for file in tree.files(in: "Sources") where !file.path.hasPrefix("Sources/PluginKit/") {
            for (number, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let words = line.split(separator: " ")
                let isLoop = words.last == "do" && (words.first == "for" || words.first == "while")
                let isBranch =
                    words.first == "if" && words.last == "then" || words.first == "case" && words.last == "in"
                #expect(!isLoop && !isBranch, "\(file.path):\(number + 1): put the script into a file")
            }
        }
    }
}
