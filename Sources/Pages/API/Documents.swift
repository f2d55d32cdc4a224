internal import Model
internal import Review

/// A cell in the JSON interface.
struct CellEntry: Encodable {
    var state: CellState
    var standing: Standing
    var since: Int?
    var sinceRun: Int?

    init(_ cell: ListedCell) {
        (state, standing, since, sinceRun) = (cell.state, cell.standing, cell.since, cell.sinceRun)
    }
}

/// A cause without the names of its cells.
struct CauseEntry: Encodable {
    var id: String
    var kind: Cause.Kind
    var phase: Phase?
    var signature: String?
    var reason: String?
    var packages: [String]
    var packageCount: Int
    var cells: Int
    var blocks: Int
    var columns: Int
    var since: Int?
    var sinceRun: Int?

    init(_ cause: Cause) {
        (id, kind, phase, signature, reason) = (cause.id, cause.kind, cause.phase, cause.signature, cause.reason)
        (packages, packageCount) = (Array(cause.packages.prefix(20)), cause.packages.count)
        (cells, blocks, columns) = (cause.cells.count, cause.blocks.count, cause.columns)
        (since, sinceRun) = (cause.since, cause.sinceRun)
    }
}

/// A package or a target with the standings of its cells.
struct SubjectEntry: Encodable {
    var name: String
    var cells: [Standing: Int]

    init(_ name: String, cells: [ListedCell]) {
        self.name = name
        self.cells = cells.standings
    }
}

struct MaintainerEntry: Encodable {
    var id: String
    var name: String
    var packages: Int
    var cells: Int
    var good: Int
    var bad: Int
}

struct StartDocument: Encodable {
    var deployment: String
    var run: RunRecord?
    var repositories: [Plan.Repository]
    var cells: [Standing: Int]
    var columns: [String]
    var causes: [CauseEntry]
}

struct GridDocument: Encodable {
    var columns: [String]
    var packages: [String]
    /// A row for each package with a state for each column; null if there is no cell.
    var states: [[String?]]
}

struct PackageDocument: Encodable {
    var name: String
    var metadata: PackageMetadata?
    var cells: [CellEntry]
    var causes: [CauseEntry]
}

struct TargetDocument: Encodable {
    var name: String
    var cells: [Standing: Int]
    var onlyHere: [CellEntry]
    var causes: [CauseEntry]
}

struct MaintainerDocument: Encodable {
    var maintainer: MaintainerEntry
    var packages: [SubjectEntry]
    var causes: [CauseEntry]
}

struct RunDocument: Encodable {
    var run: RunRecord
    var cells: [CellEntry]
}

struct CellDocument: Encodable {
    var cell: CellEntry
    var cause: String?
    var history: [PastEntry]
}

/// A recorded result, without the contents of its document.
struct PastEntry: Encodable {
    var commit: String
    var time: Int
    var run: Int?
    var outcome: Outcome?
    var phase: Phase?
    var signature: String?
    var change: ResultChange?

    init(_ result: PastResult) {
        (commit, time, run, outcome) = ("\(result.commit)", result.time, result.run, result.outcome)
        (phase, signature, change) = (result.phase, result.signature, result.change)
    }
}

struct DifferenceDocument: Encodable {
    var before: Int
    var after: Int
    var compared: Int
    var changes: [Difference.Change]
    var changeCount: Int
}

struct LogDocument: Encodable {
    struct Step: Encodable {
        var name: String
        var phase: Phase?
        var firstLine: Int
        var lines: Int
    }

    var cell: String
    var steps: [Step]
}
