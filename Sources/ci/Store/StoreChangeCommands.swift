internal import ArgumentParser
internal import Core
internal import Foundation
internal import Git
internal import Store

struct StoreUndoCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take a change back by a new commit, after a snapshot.",
        discussion: "Refuses where later changes build on the change, unless told by --force.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "The branch.")
    var branch: String

    @Argument(help: "The commit. None: the last one.")
    var commit: String?

    @Flag(help: "Say what would change, and change nothing.")
    var dryRun = false

    @Flag(help: "Undo although later changes of the same documents are lost.")
    var force = false

    func run() async throws {
        let store = try store.open()
        let branch = try store.existingBranch(branch)
        let undoing = try store.planUndo(on: branch, of: commit.flatMap { try store.snapshot(at: $0).commit })
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
        abstract: "Keep all branches as they are under a name, list what is kept, or forget one.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Argument(help: "The name. None: the time.")
    var name: String?

    @Flag(help: "List the snapshots.")
    var list = false

    @Flag(help: "Forget the snapshot of that name.")
    var drop = false

    @Flag(help: "Say what would be done, and do nothing.")
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
            if dryRun { return StandardOutput.print("would forget \(name)") }
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
            StandardOutput.print("would keep \(count(try store.branches().count, "branch", plural: "branches"))")
        } else {
            let snapshot = try store.takeSnapshot(name)
            if format == .json { try printJSON(snapshot) } else { StandardOutput.print(snapshot.name) }
        }
    }
}

struct StoreGCCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Drop logs and layers that nothing refers to, pack logs and git objects.",
        discussion: """
            Says first what it drops. Kept is what the newest versions of every document refer to, what every turning \
            point refers to, and whatever is new.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Flag(help: "Say what would be dropped, and drop nothing.")
    var dryRun = false

    @Option(help: "How many versions of each document keep what they refer to.")
    var versions = 3

    @Option(help: "Hours during which nothing new is dropped.")
    var grace = 24

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    func validate() throws {
        if versions < 1 { throw ValidationError("--versions must be at least 1") }
        if grace < 0 || grace > 1_000_000 { throw ValidationError("--grace must be between 0 and 1000000 hours") }
    }

    func run() async throws {
        let store = try store.open()
        let retention = Retention(versions: versions, grace: grace * 3600)
        let garbage = try store.findGarbage(retention)
        if format == .json {
            try printJSON(garbage)
        } else {
            for log in garbage.logs { StandardOutput.print("log \(log)") }
            for object in garbage.objects { StandardOutput.print("object \(object)") }
            StandardOutput.print(
                "\(dryRun ? "would drop" : "drops") \(count(garbage.logs.count, "log")) "
                    + "(\(count(garbage.logBytes, "byte"))) and \(count(garbage.objects.count, "object")) "
                    + "(\(count(garbage.objectBytes, "byte"))); keeps \(garbage.keptLogs) and \(garbage.keptObjects); "
                    + "\(count(garbage.looseObjects, "loose git object")) and \(count(garbage.packs, "pack")) "
                    + "become one pack")
        }
        if let gap = garbage.gap {
            StandardError.print("a part of the history cannot be read, so nothing is dropped: \(gap)")
        }
        if !dryRun { try store.collect(garbage, retention) }
    }
}
