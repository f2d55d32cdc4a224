internal import Git
internal import Glibc

/// The files without which a folder is no repository or no store.
extension Verifier {
    mutating func checkFrame() {
        let layout = layout
        if (try? SchemaState(layout)) == nil {
            note(
                .damage, .schema, "'\(layout.schema)' is missing or holds no version",
                repair: "write version \(Schema.current.version)"
            ) { try SchemaState(version: Schema.current.version).write(layout) }
        }
        for folder in [layout.gitObjects, "\(layout.root)/refs"] where status(of: folder)?.isDirectory != true {
            note(.damage, .configuration, "the folder '\(folder)' is missing", repair: "make it, empty") {
                try makeDirectory(folder)
            }
        }
        checkHead()
    }

    private mutating func checkHead() {
        let path = "\(layout.root)/HEAD"
        let text = String(decoding: (try? fileContents(path, limit: 4096)) ?? [], as: UTF8.self)
        let line = text.prefix { !$0.isNewline }
        let isReference =
            line.hasPrefix("ref: refs/") && GitRepository.isValid(referenceName: String(line.dropFirst(5)))
        guard !isReference, ObjectID(hex: line) == nil else { return }
        let branch = branchNames().first ?? "main"
        note(
            .damage, .head, "'\(path)' names no branch", repair: "let it name '\(branch)'"
        ) { try replace(path, with: Array("ref: refs/heads/\(branch)\n".utf8)) }
    }

    /// By their files and by the list of packed references, without git.
    private func branchNames() -> [String] {
        let folder = "\(layout.root)/refs/heads/"
        let loose = files(below: String(folder.dropLast())).filter { !$0.hasSuffix(".lock") }
            .map { String($0.dropFirst(folder.count)) }
        let packed = PackedReferences(layout).entries.compactMap { entry in
            entry.name.hasPrefix("refs/heads/") ? String(entry.name.dropFirst("refs/heads/".count)) : nil
        }
        return Set(loose + packed).sorted()
    }

    /// Opens the repository; nil where it cannot be opened, which is noted.
    ///
    /// - Throws: `GitError` where it belongs to another user or may not be read.
    mutating func open() throws -> GitRepository? {
        do {
            return try GitRepository.store(at: layout.root)
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
                repair: "write '\(path)' again", advice: repair ? nil : "nothing else can be looked at before"
            ) {
                try before.moveAside(path)
                let text = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
                try replace(path, with: Array(text.utf8))
                try GitRepository.store(at: layout.root).configure(Schema.configuration)
            }
            return repair ? try? GitRepository.store(at: layout.root) : nil
        }
    }

    mutating func checkConfiguration(_ repository: GitRepository) {
        var wrong = Schema.configuration.filter { repository.configuredValues(of: $0.key).isEmpty }
        if repository.configuredValues(of: "core.bare").last != "true" { wrong.append(("core.bare", "true")) }
        if !["0", "1"].contains(repository.configuredValues(of: "core.repositoryformatversion").last) {
            wrong.append(("core.repositoryformatversion", "0"))
        }
        guard !wrong.isEmpty else { return }
        note(
            .disorder, .configuration,
            "'\(layout.root)/config' lacks \(wrong.map { "\($0.key) = \($0.value)" }.joined(separator: ", "))",
            repair: "set what is missing"
        ) { try repository.configure(wrong) }
    }
}
