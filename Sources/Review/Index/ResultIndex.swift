internal import Core
internal import Git
internal import Glibc
internal import Model
package import Records
package import Store
internal import System

/// All that is recorded of a deployment's cells, found without reading the documents of results: what the plan has, the last
/// result of each cell, and the history of all results.
///
/// It is kept in a file that may be deleted at any time: it is made from the plan and the messages of the commits, and brought
/// up to date from the commits that are new. Whatever happens to the file, the index says what the store says.
package struct ResultIndex: Sendable {
    let contents: IndexContents
    private let documents: PlanDocuments
    private let targets: [String]
    private let store: Store
    /// Where the file may be.
    private let paths: [String]

    /// Opens the index of a deployment, as the store is now.
    ///
    /// - Parameters:
    ///   - documents: The plan of the deployment.
    ///   - targets: The names of the plan's targets.
    ///   - directories: Where the file may be; it is written to the first one where that is possible.
    /// - Throws: `StoreError`; `Failure` where the plan cannot be read.
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

    /// Calls `body` with the contents, and where it comes upon a damaged row of the history once more with contents that were
    /// made again.
    func withSoundHistory<Result>(_ body: (IndexContents) throws -> Result) throws -> Result {
        do {
            return try body(contents)
        } catch is IndexDamage {
            let (made, _) = try Self.made(of: contents.deployment, documents, targets, in: store)
            Self.write(made, toOneOf: paths)
            return try body(made)
        }
    }

    /// The index of a file, brought up to date; nil where no file is of use.
    private static func updated(
        _ paths: [String], of deployment: String, _ documents: PlanDocuments, _ targets: [String], in store: Store
    ) throws -> (IndexContents, isWorthWriting: Bool)? {
        guard var contents = paths.lazy.compactMap({ IndexFile.read($0, of: deployment) }).first else { return nil }
        do {
            let isWorthWriting = try contents.update(documents, targets, in: store)
            return (contents, isWorthWriting)
        } catch is IndexOutdated {
            return nil
        } catch is IndexDamage {
            return nil
        }
    }

    private static func made(
        of deployment: String, _ documents: PlanDocuments, _ targets: [String], in store: Store
    ) throws -> (IndexContents, isWorthWriting: Bool) {
        var contents = IndexContents(of: deployment)
        _ = try contents.update(documents, targets, in: store)
        return (contents, true)
    }

    /// Writes the file where that is possible; without it the next command does the same work again.
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

    /// Removes what processes left that were killed while they wrote.
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
    /// New results above which the file is written again: fewer are read from their commits each time.
    private static let limit = 256

    /// Brings the index up to date.
    ///
    /// - Returns: Whether so much is new that the file is worth writing.
    /// - Throws: `IndexOutdated` or `IndexDamage` where it has to be made again; `StoreError`, `Failure`.
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
