internal import ArgumentParser
internal import Core
internal import Foundation
internal import Git
internal import Model
internal import Records
internal import Registry
internal import Store

struct StoreUndoCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Undo a change by a new commit, after taking a snapshot.",
        discussion: "Fails if later changes depend on the change, unless --force is given.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "The branch.")
    var branch: String

    @Argument(help: "The commit (default: the last one).")
    var commit: String?

    @Flag(help: "Print what would change, and change nothing.")
    var dryRun = false

    @Flag(help: "Undo even if later changes to the same documents are lost.")
    var force = false

    func run() async throws {
        let store = try store.open()
        let branch = try store.existingBranch(branch)
        let undoing = try store.planUndo(
            on: branch, of: commit.flatMap { try store.snapshot(at: $0).commit },
            deriving: ResultBranch(name: branch.name)?.derivedDocuments)
        for change in undoing.changes {
            let word = change.new == nil ? "remove" : (change.old == nil ? "bring back" : "change")
            let note = undoing.dependents.contains(change.path) ? "  (changed later)" : ""
            StandardOutput.print("\(word)  \(change.path)\(note)")
        }
        if dryRun { return }
        if let made = try store.undo(undoing, force: force) {
            StandardError.print("undid \(undoing.commit.id.hex.prefix(12)) by \(made.hex.prefix(12))")
        }
    }
}

struct StoreSnapshotCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Save the state of all branches under a name, list the snapshots, or delete one.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "The name (default: the current time).")
    var name: String?

    @Flag(help: "List the snapshots.")
    var list = false

    @Flag(help: "Delete the snapshot of that name.")
    var drop = false

    @Flag(help: "Print what would be done, and do nothing.")
    var dryRun = false

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    func validate() throws {
        if drop && name == nil { throw ValidationError("--drop needs the name of a snapshot") }
        if drop && list { throw ValidationError("--list and --drop exclude each other") }
    }

    func run() async throws {
        let store = try store.open()
        if let name, drop {
            if dryRun { return StandardOutput.print("would delete \(name)") }
            return try store.dropSnapshot(name)
        }
        if list {
            let snapshots = try store.snapshots()
            if format == .json { return try printJSON(snapshots) }
            for snapshot in snapshots {
                let branches = count(snapshot.heads.count, "branch", plural: "branches")
                StandardOutput.print("\(snapshot.name)  \(branches)")
            }
        } else if dryRun {
            StandardOutput.print("would save \(count(try store.branches().count, "branch", plural: "branches"))")
        } else {
            let snapshot = try store.takeSnapshot(name)
            if format == .json { try printJSON(snapshot) } else { StandardOutput.print(snapshot.name) }
        }
    }
}

struct StoreGCCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Drop logs, layers and sources that nothing refers to, pack logs and git objects.",
        discussion: """
            Lists what it drops before dropping it, in the registry of 'blobs' as well. Keeps what is referred to by the newest \
            versions of every document or by versions at which the outcome changed, and anything younger than --grace.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var services: ServiceOptions

    @Flag(help: "Print what would be dropped, and drop nothing.")
    var dryRun = false

    @Option(
        help: "The number of versions of each document whose references are kept.", parsedBy: number(in: 1...Int.max))
    var versions = 3

    @Option(
        help: "The age in hours below which nothing is dropped.", parsedBy: number("of hours", in: 0...1_000_000))
    var grace = 24

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    /// The kinds of shared blobs, with their names and their garbage.
    private static var shared: [(kind: RegistryBlobs.Kind, name: String, WritableKeyPath<Garbage, [Digest]>)] {
        [
            (.layer, "layer", \.sharedLayers), (.log, "log", \.sharedLogs), (.source, "source", \.sharedSources),
            (.environment, "root file system", \.sharedEnvironments),
        ]
    }

    func run() async throws {
        let store = try store.open(services)
        let retention = Retention(versions: versions, grace: grace * 3600)
        let shared = try BlobServices(.current(), services)
        // Results have the ids of their jobs; the objects with those names are for workers, and dispatchers renew them.
        var garbage = try store.findGarbage(retention) { Job.read($0) != nil }
        if let shared, garbage.gap == nil {
            let references = try store.references(retention)
            let horizon = Int(Date().timeIntervalSince1970) - retention.grace
            let tags = try shared.blobs(.layer).tags()
            func unused(_ kind: RegistryBlobs.Kind) throws -> [Digest] {
                try shared.blobs(kind).garbage(in: tags, before: horizon) { references[$0] != nil }
            }
            for (kind, _, digests) in Self.shared { garbage[keyPath: digests] = try unused(kind) }
        }
        if format == .json {
            try printJSON(garbage)
        } else {
            for log in garbage.logs { StandardOutput.print("log \(log)") }
            for object in garbage.objects { StandardOutput.print("object \(object)") }
            for (_, name, digests) in Self.shared {
                for digest in garbage[keyPath: digests] { StandardOutput.print("shared \(name) \(digest)") }
            }
            StandardOutput.print(
                "\(dryRun ? "would drop" : "drops") \(count(garbage.logs.count, "log")) "
                    + "(\(count(garbage.logBytes, "byte"))) and \(count(garbage.objects.count, "object")) "
                    + "(\(count(garbage.objectBytes, "byte"))); keeps \(garbage.keptLogs) and \(garbage.keptObjects); "
                    + "\(count(garbage.looseObjects, "loose git object")) and \(count(garbage.packs, "pack")) "
                    + "become one pack")
        }
        if let gap = garbage.gap {
            StandardError.print("part of the history cannot be read, so nothing is dropped: \(gap)")
        }
        guard !dryRun else { return }
        for (kind, _, digests) in Self.shared {
            for digest in garbage[keyPath: digests] { try shared?.blobs(kind).remove(digest) }
        }
        try store.collect(garbage, retention)
    }
}
