internal import Git
internal import Glibc
internal import System

/// The files that every repository and every store must have.
extension Verifier {
    mutating func checkFrame() {
        let layout = layout
        if (try? SchemaState(layout)) == nil {
            note(
                .damage, .schema, "'\(layout.schema)' is missing or contains no version",
                repair: "write version \(Schema.current.version)"
            ) { try SchemaState(version: Schema.current.version).write(layout) }
        }
        for directory in [layout.gitObjects, "\(layout.root)/refs"] where FileStatus(directory)?.isDirectory != true {
            note(.damage, .configuration, "the directory '\(directory)' is missing", repair: "create it empty") {
                try Files.makeDirectories(directory)
            }
        }
        checkHead()
    }

    private mutating func checkHead() {
        let path = layout.head
        switch layout.headContents {
        case .commit: return
        case .symbolic(let name) where name.hasPrefix("refs/"): return
        case .symbolic, nil: break
        }
        let branch = branchNames().first ?? "main"
        note(
            .damage, .head, "'\(path)' does not name a branch", repair: "set it to '\(branch)'"
        ) { try Files.replace(path, with: Array("ref: refs/heads/\(branch)\n".utf8)) }
    }

    /// The names of branches from their files and the list of packed references, read without git.
    private func branchNames() -> [String] {
        let directory = "\(layout.root)/refs/heads/"
        let loose = files(below: String(directory.dropLast())).filter { !$0.hasSuffix(".lock") }
            .map { String($0.dropFirst(directory.count)) }
        let packed = PackedReferences(layout).entries.compactMap { entry in
            entry.name.hasPrefix("refs/heads/") ? String(entry.name.dropFirst("refs/heads/".count)) : nil
        }
        return Set(loose + packed).sorted()
    }

    /// Opens the repository; nil if it cannot be opened, which is recorded as a finding.
    ///
    /// - Throws: `GitError` if it belongs to another user or may not be read.
    mutating func open() throws -> GitRepository? {
        do throws(GitError) {
            let repository = try GitRepository.store(at: layout.root)
            guard let problem = configurationProblem() else { return repository }
            throw GitError(
                kind: .corrupted, operation: "open it", detail: problem, repository: layout.root, hint: nil)
        } catch {
            switch error.kind {
            case .owner, .system, .noSpace: throw error
            default: break
            }
            let path = "\(layout.root)/config"
            let layout = layout
            let before = self
            note(
                .damage, .configuration, "the repository cannot be opened: \(error.detail)",
                repair: "rewrite '\(path)'", advice: repair ? nil : "nothing else can be checked until then"
            ) {
                try before.moveAside(path)
                let text = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
                try Files.replace(path, with: Array(text.utf8))
                try GitRepository.store(at: layout.root).configure(Schema.configuration)
            }
            return repair ? try? GitRepository.store(at: layout.root) : nil
        }
    }

    /// Finds what stock git rejects in a configuration that libgit2 reads: control characters, and unclosed quotes.
    private func configurationProblem() -> String? {
        let bytes = (try? Files.contents(of: "\(layout.root)/config", limit: 1 << 20)) ?? nil
        let lines = (bytes ?? []).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if let line = lines.firstIndex(where: { $0.contains { $0 < 32 && ![9, 13].contains($0) } }) {
            return "line \(line + 1) of its configuration contains a control character"
        }
        return lines.firstIndex(where: Self.hasOpenQuote)
            .map { "line \($0 + 1) of its configuration has a quote that is not closed" }
    }

    private static func hasOpenQuote(_ line: ArraySlice<UInt8>) -> Bool {
        var (isQuoted, isEscaped) = (false, false)
        for byte in line {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "#") where !isQuoted, UInt8(ascii: ";") where !isQuoted: return false
            default: break
            }
        }
        // A line that ends with a backslash continues on the next one.
        return isQuoted && !isEscaped
    }

    /// Checks the values that a store needs, and that every switch and number read by stock git is valid: git refuses
    /// to work otherwise.
    mutating func checkConfiguration(_ repository: GitRepository) {
        let expected = Schema.configuration + [("core.filemode", "true")]
        var wrong = expected.filter { key, value in
            let found = repository.configuredValues(of: key)
            // File modes depend on the file system: stock git may have omitted the key.
            if found.isEmpty { return key != "core.filemode" }
            return !found.allSatisfy { Self.isValid($0, as: value) }
        }
        if repository.configuredValues(of: "core.bare").last != "true" { wrong.append(("core.bare", "true")) }
        if !["0", "1"].contains(repository.configuredValues(of: "core.repositoryformatversion").last) {
            wrong.append(("core.repositoryformatversion", "0"))
        }
        guard !wrong.isEmpty else { return }
        note(
            .disorder, .configuration,
            "'\(layout.root)/config' lacks \(wrong.map { "\($0.key) = \($0.value)" }.joined(separator: ", "))",
            repair: "set the missing values"
        ) { try repository.configure(wrong) }
    }

    /// Git's names of the repository parts to sync; it warns about any other name at every command.
    private static let fsyncComponents: Set<String> = [
        "none", "loose-object", "pack", "pack-metadata", "commit-graph", "index", "reference", "objects",
        "derived-metadata", "committed", "added", "all", "default",
    ]

    /// Whether git can parse `text` where it expects a value like `example`.
    private static func isValid(_ text: String, as example: String) -> Bool {
        switch example {
        case "committed":
            text.split { ", \t".contains($0) }.allSatisfy {
                Self.fsyncComponents.contains(String($0.drop { $0 == "-" }))
            }
        case "true", "false":
            ["true", "yes", "on", "false", "no", "off", ""].contains(text.lowercased()) || Int(text) != nil
        default: Int(example) == nil || Int(text) != nil
        }
    }
}
