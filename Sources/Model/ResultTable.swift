public import Core

/// The paths of the documents of `refs/heads/results/DEPLOYMENT/TARGET`.
public enum ResultPath {
    /// The document of a cell's result: `5.3.0/lwt/5.7.0.json`.
    public static func cell(_ cell: Cell) -> String {
        "\(cell.compiler)/\(cell.package.name)/\(cell.package.version).json"
    }

    /// The document of the result of a job that decides no cell but is an input of others:
    /// `5.3.0/lwt/5.7.0/0123456789abcdef.json`.
    public static func input(_ cell: Cell, job: Digest) -> String {
        "\(cell.compiler)/\(cell.package.name)/\(cell.package.version)/\(job.hex.prefix(16)).json"
    }

    /// The version of the cell whose result has a document with this name in a package's directory; nil for other
    /// names.
    package static func version(ofDocument name: String) -> String? {
        name.hasSuffix(".json") ? String(name.dropLast(".json".count)) : nil
    }

    /// The part of the index that contains the result at `path`.
    public static func indexShard(of path: String) -> String {
        "index/\(Digest(of: path).shard).json"
    }
}

/// All results of one target, read from its index, by the paths of their documents.
public struct ResultTable: Sendable {
    /// The results by the paths of their documents.
    public private(set) var results: [String: CellResult] = [:]
    private var pathOfJob: [Digest: String] = [:]
    /// The other paths of jobs that have several: an input of other jobs that became a cell, or two targets with one
    /// environment.
    private var otherPaths: [Digest: [String]] = [:]

    /// Creates an empty table.
    public init() {}

    /// Creates a table from the parts of an index.
    ///
    /// - Parameter exists: whether a path has a document; results that are only in the index are ignored.
    /// - Throws: `DecodingError` if a part is not an index.
    public init(shards: [[UInt8]], exists: (String) -> Bool) throws {
        for shard in shards {
            let results =
                try CellResult.readIndex(shard)
                ?? CanonicalJSON.decode([String: CellResult].self, from: shard).map { ($0, $1) }
            // Paths are distributed evenly.
            if self.results.isEmpty { self.results.reserveCapacity(results.count * shards.count) }
            for (path, result) in results where exists(path) { set(result, at: path) }
        }
    }

    /// Sets the result at a path.
    public mutating func set(_ result: CellResult, at path: String) {
        remove(at: path)
        results[path] = result
        guard let job = result.job else { return }
        if pathOfJob[job] == nil {
            pathOfJob[job] = path
        } else {
            otherPaths[job, default: []].append(path)
        }
    }

    /// Removes the result at a path.
    public mutating func remove(at path: String) {
        guard let job = results.removeValue(forKey: path)?.job else { return }
        otherPaths[job]?.removeAll { $0 == path }
        if pathOfJob[job] == path { pathOfJob[job] = otherPaths[job]?.popLast() }
        if otherPaths[job]?.isEmpty == true { otherPaths[job] = nil }
    }

    /// The result of a cell; nil if none is recorded.
    public func result(of cell: Cell) -> CellResult? {
        results[ResultPath.cell(cell)]
    }

    /// The newest verdict on a job; if there is none, its newest other result; nil if it has no result.
    public func result(ofJob job: Digest) -> CellResult? {
        results(ofJob: job).max {
            $0.isVerdictOnJob == $1.isVerdictOnJob ? $0.ended(before: $1) : $1.isVerdictOnJob
        }
    }

    /// All results of a job, in any order.
    public func results(ofJob job: Digest) -> [CellResult] {
        var found: [CellResult] = []
        forEachResult(ofJob: job) { found.append($0) }
        return found
    }

    /// Calls `body` with each result of a job, in any order.
    package func forEachResult(ofJob job: Digest, _ body: (CellResult) -> Void) {
        guard let first = pathOfJob[job] else { return }
        if let result = results[first] { body(result) }
        guard !otherPaths.isEmpty, let others = otherPaths[job] else { return }
        for path in others { if let result = results[path] { body(result) } }
    }
}
