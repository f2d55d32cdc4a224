internal import Core
internal import Git
internal import Glibc
internal import System

/// What is beside the history: logs, layers, the journal.
extension Verifier {
    /// Logs and layers must have the digest that names them.
    mutating func checkContents() {
        let before = self
        let kinds: [(StoreFinding.Subject, String)] = [(.layer, layout.objects), (.log, "\(layout.logs)/sealed")]
        for (subject, folder) in kinds {
            let directory = ObjectDirectory(directory: folder)
            for file in directory.list() {
                result.objects += 1
                let path = directory.path(of: file.digest)
                if (try? ObjectDirectory.digest(ofFile: path)) == file.digest || FileStatus(path) == nil { continue }
                note(
                    .damage, subject, "\(subject.rawValue) '\(path)' does not have the digest of its name",
                    repair:
                        "move it aside: \(subject == .layer ? "it is made again when it is needed" : "the log is lost")"
                ) { try before.moveAside(path) }
            }
        }
        checkLogArchives()
    }

    private mutating func checkLogArchives() {
        let logs = LogDirectory(directory: layout.logs)
        for index in logs.indexesWithoutArchive() {
            let before = self
            note(
                .damage, .log, "'\(index)' is there, and the archive of logs that it is of is missing",
                repair: "move it aside: the logs are lost"
            ) { try before.moveAside(index) }
        }
        for archive in logs.damagedArchives() {
            let before = self
            note(
                .damage, .log,
                archive.logs.isEmpty
                    ? "archive '\(archive.path)': \(archive.problem)"
                    : "\(archive.logs.count) logs are damaged in '\(archive.path)': "
                        + archive.logs.prefix(20).joined(separator: ", ") + (archive.logs.count > 20 ? ", …" : ""),
                repair: "move it aside, and keep the logs that can be read"
            ) {
                try before.copyAside(archive.path)
                try before.copyAside("\(archive.path).index")
                try logs.dropDamaged(archive)
            }
        }
    }

    private func copyAside(_ path: String) throws {
        guard let bytes = try Files.contents(of: path) else { return }
        let aside = "\(path).\(getpid()).aside"
        try Files.replace(aside, with: bytes)
        try moveAside(aside)
    }

    // MARK: Journal

    /// The journal must be as the last writer left it: after a loss of power all is written again from it.
    mutating func checkJournal(_ repository: GitRepository) {
        let layout = layout
        if let problem = journalProblem() ?? headsProblem(repository) {
            note(.disorder, .journal, problem, repair: "sync all that is here, and begin it again") {
                try Self.checkpoint(layout, repository)
            }
        } else if repair {
            // Branches that were lost are no longer known.
            try? Self.checkpoint(layout, repository)
        }
    }

    private static func checkpoint(_ layout: Layout, _ repository: GitRepository) throws {
        try WriterSession(
            layout: layout, options: StoreOptions(), repository: repository,
            spares: RecycledFiles(directory: layout.spares, after: .max)
        ).checkpoint()
    }

    private func journalProblem() -> String? {
        // A store to which nothing was written has neither.
        guard let bytes = try? Files.contents(of: layout.writerLock), let state = WriterState(bytes: bytes),
            state.boot == WriterState.currentBoot, state.intent == nil
        else { return FileStatus(layout.journal) == nil ? nil : unreadableWriterState }
        guard FileStatus(layout.journal) != nil else { return "the journal '\(layout.journal)' is missing" }
        guard let journal = try? Journal(path: layout.journal, isDurable: false),
            (try? journal.epoch()) == state.epoch, let records = try? journal.records(epoch: state.epoch)
        else { return "the journal '\(layout.journal)' does not begin as the last writer left it" }
        let end = records.last?.end ?? Journal.start
        return end == state.tail
            ? nil : "the journal '\(layout.journal)' ends at byte \(end), the last writer left it at \(state.tail)"
    }

    private var unreadableWriterState: String? {
        guard let bytes = try? Files.contents(of: layout.writerLock), !bytes.isEmpty, WriterState(bytes: bytes) == nil
        else {
            return nil
        }
        return "'\(layout.writerLock)' does not say where the journal ends"
    }

    private func headsProblem(_ repository: GitRepository) -> String? {
        guard let bytes = try? Files.contents(of: layout.heads) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, let id = ObjectID(hex: parts[0]),
                GitRepository.isValid(referenceName: String(parts[1])),
                (try? repository.commit(id)) != nil
            else { return "'\(layout.heads)' does not list commits that are here" }
        }
        return bytes.last.map { $0 == UInt8(ascii: "\n") } ?? false ? nil : "'\(layout.heads)' is cut short"
    }
}
