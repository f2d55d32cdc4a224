internal import Foundation
internal import PluginHost
package import PluginMessages
internal import System

extension ShellFamily {
    /// Programs that can parse scripts of the family, the most similar to the real shell first.
    package var programs: [String] {
        switch self {
        case .posix: ["dash", "ash", "busybox"]
        case .korn: ["mksh", "oksh", "ksh"]
        case .bash: ["bash"]
        case .zsh: ["zsh"]
        }
    }
}

/// Shells on this machine that parse scripts without running them (`-n`).
package enum ScriptShell {
    /// The first shell of each family in `directories`.
    package static func find(in directories: [String]) -> [ShellFamily: String] {
        var found: [ShellFamily: String] = [:]
        for family in ShellFamily.allCases {
            let candidates = family.programs.flatMap { program in directories.map { "\($0)/\(program)" } }
            found[family] = candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
        }
        return found
    }

    /// The syntax error that `shell` reports for `script`; nil if there is none.
    package static func syntaxError(in script: String, shell: String) -> String? {
        let check = Subprocess(
            [shell] + (shell.hasSuffix("/busybox") ? ["sh"] : []) + ["-n"], environment: ["LC_ALL": "C.UTF-8"],
            input: Array(script.utf8), standardError: .joined, timeLimit: .seconds(30))
        do {
            let outcome = try check.wait()
            guard !outcome.succeeded || !outcome.output.isEmpty else { return nil }
            let words = String(decoding: outcome.output.prefix(500), as: UTF8.self).split(separator: "\n").first ?? ""
            return words.isEmpty ? "\(shell) -n: \(outcome.ending)" : String(words)
        } catch {
            return error.description
        }
    }
}
