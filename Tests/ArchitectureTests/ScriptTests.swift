import Foundation
import TestSupport
import Testing

/// The shell scripts that the runner runs: the files of the folders `Scripts` of the modules.
@Suite struct ScriptTests {
    private let tree = SourceTree()

    private func scripts() -> [String] {
        let sources = tree.root.appending(path: "Sources")
        let paths = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".sh") }.sorted().map { sources.appending(path: $0).path }
    }

    /// Shellcheck knows what POSIX does not have and what words a shell would split.
    @Test(.enabled(if: Program.areInstalled("shellcheck"), "needs the package 'shellcheck'"))
    func shellcheckFindsNothing() throws {
        let paths = scripts()
        for module in ["OpamSwitch", "PluginTools", "SSH", "Worker"] {
            #expect(paths.contains { $0.contains("/\(module)/Scripts/") }, "the scripts of \(module) are not found")
        }
        let ending = try Program(["shellcheck", "--shell=sh", "--severity=style"] + paths, isJoined: true).run()
        #expect(ending.status == 0, "\(ending.output)")
    }

    /// What is more than a line of commands is in a file: no Swift file outside of the kit of plugins has a branch or a loop of
    /// the shell.
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
