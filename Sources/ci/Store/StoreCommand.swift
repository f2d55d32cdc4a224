internal import ArgumentParser
internal import Core
internal import Doctor
internal import Foundation
internal import Git
internal import Records
internal import Registry
internal import Store

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Inspect and maintain the store.",
        discussion: "The store is a plain bare git repository: stock git may log, clone and check it as well.",
        subcommands: [
            StoreLogCommand.self, StoreShowCommand.self, StoreVerifyCommand.self, StoreUndoCommand.self,
            StoreSnapshotCommand.self, StoreGCCommand.self,
        ])
}

struct StoreLogCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List the branches, or the commits of one, newest first.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "A branch, such as results/opam/debian-12 (default: list the branches).")
    var branch: String?

    @Argument(help: "Only commits that changed something at or below this path.")
    var path: String?

    @Option(help: "The maximum number of commits.", parsedBy: number(in: 0...Int.max))
    var limit = 20

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    private struct Line: Encodable {
        let commit: String
        let time: Int64
        let subject: String
        let trailers: [String: String]
    }

    func run() async throws {
        let store = try store.open()
        guard let branch else { return try listBranches(store) }
        let history = try store.history(
            of: store.existingBranch(branch), path: path.map { try StorePath($0) }, limit: limit)
        if let path, history.isEmpty, limit > 0 {
            throw Failure(.input, "no commit of '\(branch)' changed '\(path)'")
        }
        if format == .json {
            return try printJSON(
                history.map { entry in
                    Line(
                        commit: entry.id.hex, time: entry.commit.committer.time, subject: entry.commit.subject,
                        trailers: Dictionary(entry.commit.trailers.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
                    )
                })
        }
        for entry in history {
            let time = UTCTime.iso(Int(entry.commit.committer.time))
            StandardOutput.print("\(entry.id.hex.prefix(12))  \(time)  \(entry.commit.subject)")
        }
    }

    private func listBranches(_ store: Store) throws {
        let heads = try store.branches().map { (branch: $0.name, commit: try store.snapshot($0).commit?.hex ?? "") }
        if format == .json {
            try printJSON(Dictionary(uniqueKeysWithValues: heads.map { ($0.branch, $0.commit) }))
        } else {
            for head in heads { StandardOutput.print("\(head.commit.prefix(12))  \(head.branch)") }
        }
    }
}

struct StoreShowCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a document, or list a directory, now or at a commit.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Flag(help: "Print the bytes unchanged; without it control and invisible characters are escaped as in JSON.")
    var raw = false

    @Argument(help: "A branch, or a commit by its id.")
    var revision: String

    @Argument(help: "A document or a directory (default: the top).")
    var path: String?

    func run() async throws {
        let store = try store.open()
        let snapshot = try store.snapshot(at: revision)
        let place = try path.map { try StorePath($0) }
        if let place, let bytes = try snapshot.bytes(at: place) {
            if raw { return StandardOutput.write(raw: bytes) }
            return StandardOutput.write(json: String(decoding: bytes, as: UTF8.self))
        }
        let entries = try snapshot.list(place)
        if let place, try !snapshot.exists(place) {
            throw Failure(.input, "'\(revision)' has no document '\(place)'")
        }
        for entry in entries { StandardOutput.print(entry.name + (entry.isDirectory ? "/" : "")) }
    }
}

struct StoreVerifyCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Look for damage: commits, documents, branches, locks, logs, objects, layers, root file systems.",
        discussion: """
            Exits with 3 if damage remains. --repair moves damaged files to the store's directory ciso/damaged, and removes \
            damaged layers and root file systems, which are rebuilt when they are needed. Logs and layers that only the \
            registry of 'blobs' has are not missing.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var cache: CacheOption
    @OptionGroup var services: ServiceOptions

    @Flag(help: "Repair what can be repaired without losing data.")
    var repair = false

    @Flag(help: "With --repair: print what it would do.")
    var dryRun = false

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    func run() async throws {
        let configuration = try Configuration.current()
        let path = try store.path(in: configuration)
        let isRepairing = repair && !dryRun
        var rebuilding = BranchRebuilding.documents
        if let services = try BlobServices(configuration, services) {
            let tags = try services.blobs(.layer).tags()
            rebuilding.keptElsewhere = tags.digests(of: .layer).union(tags.digests(of: .log))
        }
        var verification = try Store.verify(at: path, repair: isRepairing, rebuilding: rebuilding)
        let cache = try cache.directory(in: configuration, store: path, isRead: !isRepairing)
        try verification.addWorker(ofStore: path, cache: cache, repair: isRepairing)
        if format == .json {
            try printJSON(verification)
        } else {
            for finding in verification.findings { StandardOutput.print(text(of: finding)) }
            for finding in verification.remaining
            where !verification.findings.contains(where: { $0.message == finding.message }) {
                StandardOutput.print("still there: \(text(of: finding))")
            }
            StandardOutput.print(summary(of: verification))
        }
        if !verification.isSound { throw EarlyExit(status: .infrastructure) }
    }

    private func text(of finding: StoreFinding) -> String {
        var text = "\(finding.severity.rawValue): \(finding.message)"
        if let way = finding.repair {
            text +=
                finding.isDone ? "\n  done: \(way)" : "\n  \(repair && !dryRun ? "not done" : "--repair would"): \(way)"
        }
        if let advice = finding.advice { text += "\n  hint: \(advice)" }
        return text
    }

    private func summary(of verification: StoreVerification) -> String {
        let done = verification.findings.count { $0.isDone }
        return "\(count(verification.branches, "branch", plural: "branches")), "
            + "\(count(verification.commits, "commit")), \(count(verification.documents, "document")), "
            + "\(count(verification.objects, "log or object", plural: "logs and objects")), "
            + "\(count(verification.layers, "unpacked layer")), \(count(verification.environments, "root file system")): "
            + count(verification.findings.count, "finding")
            + (repair && !dryRun ? ", \(done) repaired, \(verification.remaining.count) remain" : "")
    }
}
