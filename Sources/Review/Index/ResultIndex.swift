internal import Core
internal import Git
internal import Glibc
internal import Model
package import Records
package import Store
internal import System

/// An index of a deployment's planned cells, the last result of each cell, and the history of all results, so that
/// queries need not read the documents of results.
///
/// It is stored in a file that may be deleted at any time. It is built from the plan and the messages of commits, and
/// updated from new commits. If the file is damaged or outdated, the index is rebuilt.
///
/// - SeeAlso: `docs/decisions/0213-result-index.md`
package struct ResultIndex: Sendable {
    let contents: IndexContents
    private let documents: PlanDocuments
    private let targets: [String]
    private let store: Store
    /// The possible paths of the file.
    private let paths: [String]

    /// Opens the index of a deployment and updates it to the current state of the store.
    ///
    /// - Parameters:
    ///   - documents: The plan of the deployment.
    ///   - targets: The names of the plan's targets.
    ///   - directories: The possible directories of the file; it is written to the first writable one.
    /// - Throws: `StoreError`; `Failure` if the plan cannot be read.
    package init(
        of deployment: String, _ documents: PlanDocuments, targets: [String], in store: Store,
        directories: [String]
    ) throws {
        let name = "\(Digest(of: deployment).hex.prefix(16)).index"
        (self.documents, self.targets, self.store) = (documents, targets, store)
        paths = directories.map { "\($0)/\(name)" }
        let (contents, isWorthWriting) =
            try Self.updated(paths, of: deployment, documents, targets, in: store)
            ?? Self.made(of: deployment, documents, targets, in: store)
        self.contents = contents
        if isWorthWriting { Self.write(contents, toOneOf: paths) }
    }

    /// Calls `body` with the contents. If it meets a damaged row of the history, rebuilds the index, in which the cells
    /// keep their indexes, and calls it again.
    func withSoundHistory<Result>(_ body: (IndexContents) throws -> Result) throws -> Result {
        do {
            return try body(contents)
        } catch is IndexDamage {
            let (made, _) = try Self.made(of: contents.deployment, documents, targets, in: store, cells: contents)
            Self.write(made, toOneOf: paths)
            return try body(made)
        }
    }

    /// Reads the index from a file and updates it; nil if no file is usable.
    private static func updated(
        _ paths: [String], of deployment: String, _ documents: PlanDocuments, _ targets: [String], in store: Store
    ) throws -> (IndexContents, isWorthWriting: Bool)? {
        guard var contents = read(paths, of: deployment) else { return nil }
        do {
            let isWorthWriting = try contents.update(documents, targets, in: store)
            return (contents, isWorthWriting)
        } catch is IndexOutdated {
            return nil
        } catch is IndexDamage {
            return nil
        }
    }

    /// The first of the files that is an index of the deployment. A lazy map would read it twice.
    private static func read(_ paths: [String], of deployment: String) -> IndexContents? {
        for path in paths {
            if let contents = IndexFile.read(path, of: deployment) { return contents }
        }
        return nil
    }

    /// Builds an index from the store.
    ///
    /// - Parameter known: An index whose cells keep their indexes; nil if they may change.
    private static func made(
        of deployment: String, _ documents: PlanDocuments, _ targets: [String], in store: Store,
        cells known: IndexContents? = nil
    ) throws -> (IndexContents, isWorthWriting: Bool) {
        var contents = IndexContents(of: deployment)
        if let known {
            for position in known.cells.indices {
                _ = contents.position(
                    ofName: known.cell(at: position).description, isInput: known.cells[position].isInput)
            }
        }
        _ = try contents.update(documents, targets, in: store)
        return (contents, true)
    }

    /// Writes the file if possible. Otherwise the next command repeats the same work.
    private static func write(_ contents: IndexContents, toOneOf paths: [String]) {
        for path in paths {
            do {
                let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
                try FileSystem<SystemError>.makeDirectories(directory)
                removeLeftOvers(of: path, in: directory)
                try IndexFile.write(contents, to: path)
                return
            } catch {
                continue
            }
        }
    }

    /// Removes temporary files of killed processes.
    private static func removeLeftOvers(of path: String, in directory: String) {
        for name in names(in: directory) where name.hasSuffix(".tmp") {
            let parts = name.split(separator: ".")
            guard parts.count >= 4, let process = Int32(parts[parts.count - 3]), kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? FileSystem<SystemError>.remove("\(directory)/\(name)")
        }
    }
}

extension IndexContents {
    /// The number of new results above which the file is rewritten; fewer are read from their commits by each command.
    private static let limit = 256

    /// Updates the index.
    ///
    /// - Returns: Whether enough is new to rewrite the file.
    /// - Throws: `IndexOutdated` or `IndexDamage` if the index must be rebuilt; `StoreError`, `Failure`.
    mutating func update(_ documents: PlanDocuments, _ targets: [String], in store: Store) throws -> Bool {
        let known = history.count
        let hasNewPlan = plan != documents.base?.commit
        // Targets that the plan no longer has keep their history.
        let hasReadDocuments = try addResults(of: Array(Set(targets).union(tips.keys)).sorted(), in: store)
        try setPlan(documents, in: store)
        sortAdded()
        return hasNewPlan || hasReadDocuments || history.count - known > Self.limit
    }
}
