internal import Core
internal import Model
internal import Records
internal import Store

/// A cell of an index as the subject of selectors. Expensive properties are computed on demand.
struct IndexedSubject: Selectable {
    let position: Int
    let source: SubjectSource

    private var indexed: IndexedCell { source.contents.cells[position] }

    var cell: Cell { source.contents.cell(at: position) }
    var state: String? { indexed.basis == .unplanned ? indexed.record?.outcome.rawValue : indexed.state }
    var signature: String? { record.flatMap { source.contents.texts.text($0.signature) } }
    var change: ResultChange? { record?.change }
    var kind: String? { record.flatMap { source.contents.texts.text($0.kind) } }
    var since: (time: Int, run: Int?)? {
        record.map { (Int($0.sinceTime), $0.sinceRun == 0 ? nil : Int($0.sinceRun)) }
    }
    var tasks: [String] { source.tasks.tasks(of: cell) }
    var maintainers: [String] { source.metadata[cell.package]?.maintainers ?? [] }
    var tags: [String] { source.metadata[cell.package]?.tags ?? [] }

    private var record: IndexedRecord? { indexed.basis == .unplanned ? indexed.record : indexed.verdict }

    func hasLogLine(_ glob: Glob) -> Bool {
        guard let record, record.hasLog, record.outcome == .failure || record.outcome == .infrastructure else {
            return false
        }
        return source.hasLine(glob, inLog: record.log)
    }
}

/// Data shared by the subjects of one query. Confined to one thread.
final class SubjectSource {
    let contents: IndexContents
    /// The tasks of the plan, if a selector needs them.
    let tasks: TaskIndex
    /// Maintainers and tags from opam files, if a selector needs them.
    let metadata: [PackageVersion: PackageMetadata]
    /// The first log that could not be read.
    private(set) var logFailure: (any Error)?
    /// The number of logs named by results that the store does not have.
    private(set) var missingLogs = 0
    private let store: Store
    private var logs: [LogQuestion: Bool] = [:]

    init(_ selection: Selection, in results: DeploymentResults) throws {
        contents = results.index.contents
        store = results.store
        let asksForTasks = selection.selectors.contains { $0.key == .task }
        let asksForPeople = selection.selectors.contains { $0.key == .maintainer || $0.key == .tag }
        metadata = Dictionary(
            try asksForPeople ? results.documents.metadata().map { ($0.package, $0) } : [],
            uniquingKeysWith: { first, _ in first })
        tasks = try TaskIndex(asksForTasks ? results.documents.tasks() : [])
    }

    /// Whether a line of a log matches. The answer is cached, because many cells may share a log.
    func hasLine(_ glob: Glob, inLog digest: Digest) -> Bool {
        let question = LogQuestion(log: digest, glob: glob)
        if let known = logs[question] { return known }
        var isFound = false
        do {
            if let log = try store.logs.read(digest) {
                isFound = log.split(separator: UInt8(ascii: "\n")).contains { glob.matches(bytes: $0) }
            } else {
                missingLogs += 1
            }
        } catch {
            logFailure = logFailure ?? error
        }
        logs[question] = isFound
        return isFound
    }
}

private struct LogQuestion: Hashable {
    var log: Digest
    var glob: Glob
}
