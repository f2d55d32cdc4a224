internal import Core
internal import Foundation
public import Model
public import Store

/// The results of one target of a deployment in the store.
///
/// `refs/heads/results/DEPLOYMENT/TARGET` has one document for each verdict (see `ResultPath`) and, changed in the same
/// commit, an index of 256 files with the same values, so that the whole table can be read at once.
///
/// - SeeAlso: `docs/decisions/0001-results-branch-per-target.md`
public struct ResultBranch: Sendable, Hashable {
    /// The directory of the index.
    static let index = "index"

    /// The deployment's name.
    public let deployment: String
    /// The target's name.
    public let target: String

    public init(deployment: String, target: String) {
        self.deployment = deployment
        self.target = target
    }

    /// Parses the name of a branch; nil if it is not a branch of results.
    public init?(name: String) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0] == "results" else { return nil }
        self.init(deployment: parts[1], target: parts[2])
    }

    /// The name below `refs/heads/`.
    public var name: String { "results/\(deployment)/\(target)" }

    /// The whole table in a snapshot of this branch.
    ///
    /// - Throws: `StoreError`; `Failure` for an invalid index.
    public func table(in snapshot: Snapshot) throws -> ResultTable { try table(in: snapshot, nil) }

    /// - Parameter known: The documents of an earlier snapshot; nil to read all trees.
    func table(in snapshot: Snapshot, _ known: KnownDocumentPaths?) throws -> ResultTable {
        var shards: [[UInt8]] = []
        for entry in try snapshot.list(StorePath(Self.index)) {
            guard let bytes = try snapshot.bytes(at: StorePath("\(Self.index)/\(entry.name)")) else { continue }
            shards.append(bytes)
        }
        do {
            if let documents = known?.paths(in: snapshot) {
                var entries = DocumentPaths()
                let table = try ResultTable(shards: shards) { path in
                    entries.insert(path)
                    return true
                }
                if entries == documents {
                    known?.keep(documents, in: snapshot)
                    return table
                }
            }
            let paths = try snapshot.paths(except: Self.index)
            known?.keep(DocumentPaths(paths), in: snapshot)
            return try ResultTable(shards: shards, exists: paths.contains)
        } catch let error as DecodingError {
            throw Failure(
                .unavailable, "the index of '\(name)' cannot be read: \(error)",
                hint: "'ci store verify' shows details, 'ci store undo' reverts the last change")
        }
    }

    /// Writes a verdict and its entry in the index.
    public func write(_ result: CellResult, at path: String, in transaction: Transaction) throws {
        try transaction.write(bytes: result.document, to: StorePath(path))
        try changeIndex(of: path, to: result, in: transaction)
    }

    /// Removes a verdict, so that the job runs again.
    public func remove(at path: String, in transaction: Transaction) throws {
        try transaction.remove(StorePath(path))
        try changeIndex(of: path, to: nil, in: transaction)
    }

    /// The index, for undoing changes of this branch: a commit changes few entries of a file, which later commits
    /// change as well.
    package var derivedDocuments: Store.DerivedDocuments {
        Store.DerivedDocuments(
            contains: { $0.components.first == Self.index },
            update: { path, contents, transaction in
                let result = try contents.map { try CanonicalJSON.decode(CellResult.self, from: $0) }
                try changeIndex(of: path.components.joined(separator: "/"), to: result, in: transaction)
            })
    }

    private func changeIndex(of path: String, to result: CellResult?, in transaction: Transaction) throws {
        let shard = try StorePath(ResultPath.indexShard(of: path))
        var part = ResultIndexPart(try transaction.bytes(at: shard))
        try part.set(result, at: path)
        if part.document.isEmpty {
            try transaction.remove(shard)
        } else {
            try transaction.write(bytes: part.document, to: shard)
        }
    }
}

extension CellResult {
    /// The message of the commit that records the result: subject, reason and trailers.
    public var message: String { message(at: ResultPath.cell(cell)) }

    /// The message of the commit that records the result: subject, reason and trailers.
    ///
    /// The reason is untrusted. It is indented, so that none of its lines can be parsed as a trailer or as a line of
    /// git.
    ///
    /// - Parameters:
    ///   - path: The document that the commit writes; nil if it writes several, which the message does not name.
    ///   - plan: The commit of the plan under which the result is recorded.
    ///   - superseded: The documents that the commit removes.
    package func message(at path: String?, plan: String? = nil, superseding superseded: [String] = []) -> String {
        var text = subject.displayableOnOneLine + "\n"
        let lines = (reason ?? "").displayable.split(separator: "\n").map { "    \($0)\n" }
        if !lines.isEmpty { text += "\n" + lines.joined() }
        let trailers =
            trailers + (plan.map { [(key: "Plan", value: $0)] } ?? [])
            + indexTrailers(at: path, superseding: superseded)
        text += "\n" + trailers.map { "\($0.key): \($0.value)" }.joined(separator: "\n") + "\n"
        return text
    }
}
