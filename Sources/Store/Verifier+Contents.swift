internal import Core
internal import Git
internal import Glibc
internal import System

/// Everything outside the history: logs, layers, the journal.
extension Verifier {
    /// Checks that logs and layers match the digests in their names.
    mutating func checkContents() {
        let before = self
        let kinds: [(StoreFinding.Subject, String)] = [(.layer, layout.objects), (.log, "\(layout.logs)/sealed")]
        for (subject, root) in kinds {
            let directory = ObjectDirectory(directory: root)
            for file in directory.list() {
                result.objects += 1
                let path = directory.path(of: file.digest)
                if (try? ObjectDirectory.digest(ofFile: path)) == file.digest || FileStatus(path) == nil { continue }
                note(
                    .damage, subject, "\(subject.rawValue) '\(path)' does not have the digest of its name",
                    repair:
                        "move it aside: \(subject == .layer ? "it is recreated when needed" : "the log is lost")"
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
                .damage, .log, "'\(index)' exists, but its archive of logs is missing",
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
                repair: "move it aside, and keep the readable logs"
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

    /// Checks that the journal is as the last writer left it, because everything is restored from it after a power
    /// failure.
    mutating func checkJournal(_ repository: GitRepository) {
        let layout = layout
        if let problem = journalProblem() ?? headsProblem(repository) {
            note(.disorder, .journal, problem, repair: "sync all files, and restart the journal") {
                try Self.checkpoint(layout, repository)
            }
        } else if repair {
            // Lost branches are no longer known afterwards.
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
        // A store without any write has neither.
        guard let bytes = try? Files.contents(of: layout.writerLock), let state = WriterState(bytes: bytes),
            state.boot == WriterState.currentBoot, state.intents.isEmpty
        else { return FileStatus(layout.journal) == nil ? nil : unreadableWriterState }
        guard FileStatus(layout.journal) != nil else { return "the journal '\(layout.journal)' is missing" }
        guard let journal = try? Journal(path: layout.journal, isDurable: false),
            (try? journal.epoch()) == state.epoch, let records = try? journal.records(epoch: state.epoch)
        else { return "the journal '\(layout.journal)' does not begin with the last writer's epoch" }
        let end = records.last?.end ?? Journal.start
        return end == state.tail
            ? nil : "the journal '\(layout.journal)' ends at byte \(end), but the last writer ended at \(state.tail)"
    }

    private var unreadableWriterState: String? {
        guard let bytes = try? Files.contents(of: layout.writerLock), !bytes.isEmpty, WriterState(bytes: bytes) == nil
        else {
            return nil
        }
        return "'\(layout.writerLock)' does not record the end of the journal"
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
            else { return "'\(layout.heads)' has a line that does not name an existing commit and its branch" }
        }
        return bytes.last.map { $0 == UInt8(ascii: "\n") } ?? false ? nil : "'\(layout.heads)' is truncated"
    }
}
