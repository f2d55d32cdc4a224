public import Core
internal import Foundation

/// The paths of the documents of `refs/heads/results/DEPLOYMENT/TARGET`.
public enum ResultPath {
    /// The verdict on a cell: `5.3.0/lwt/5.7.0.json`.
    public static func cell(_ cell: Cell) -> String {
        "\(cell.compiler)/\(cell.package.name)/\(cell.package.version).json"
    }

    /// The verdict on a job that decides no cell, but that others were built over:
    /// `5.3.0/lwt/5.7.0/0123456789abcdef.json`.
    public static func input(_ cell: Cell, job: Digest) -> String {
        "\(cell.compiler)/\(cell.package.name)/\(cell.package.version)/\(job.hex.prefix(16)).json"
    }

    /// The version of the cell whose result is in the document of this name in a package's directory; nil for any other.
    package static func version(ofDocument name: String) -> String? {
        name.hasSuffix(".json") ? String(name.dropLast(".json".count)) : nil
    }

    /// The part of the index that knows of the document at `path`.
    public static func indexShard(of path: String) -> String {
        "index/\(Digest(of: path).shard).json"
    }
}

/// All results of one target: what its index says, by the paths of the documents.
public struct ResultTable: Sendable {
    /// The results by the paths of their documents.
    public private(set) var results: [String: CellResult] = [:]
    private var pathOfJob: [Digest: String] = [:]
    /// Further paths of jobs that have several: an input of other jobs that became a cell, two targets of one environment.
    private var otherPaths: [Digest: [String]] = [:]

    /// A table without results.
    public init() {}

    /// The table that the shards of an index hold.
    ///
    /// - Parameter exists: whether there is a document at a path; what is only in the index does not count.
    /// - Throws: `DecodingError` for a shard that is none.
    public init(shards: [[UInt8]], exists: (String) -> Bool) throws {
        for shard in shards {
            let results =
                try CellResult.readIndex(shard)
                ?? CanonicalJSON.decode([String: CellResult].self, from: Data(shard)).map { ($0, $1) }
            for (path, result) in results where exists(path) { set(result, at: path) }
        }
    }

    /// Notes a result.
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

    /// Forgets the result at `path`.
    public mutating func remove(at path: String) {
        guard let job = results.removeValue(forKey: path)?.job else { return }
        otherPaths[job]?.removeAll { $0 == path }
        if pathOfJob[job] == path { pathOfJob[job] = otherPaths[job]?.popLast() }
        if otherPaths[job]?.isEmpty == true { otherPaths[job] = nil }
    }

    /// The verdict on a cell; nil if none was recorded.
    public func result(of cell: Cell) -> CellResult? {
        results[ResultPath.cell(cell)]
    }

    /// The newest verdict on a job; where there is none, any other result of it; nil if it has no result.
    public func result(ofJob job: Digest) -> CellResult? {
        results(ofJob: job).max {
            $0.isVerdictOnJob == $1.isVerdictOnJob ? $0.ended(before: $1) : $1.isVerdictOnJob
        }
    }

    /// All results of a job, in any order.
    public func results(ofJob job: Digest) -> [CellResult] {
        guard let first = pathOfJob[job] else { return [] }
        return ([first] + (otherPaths[job] ?? [])).compactMap { results[$0] }
    }
}
