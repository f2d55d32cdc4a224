internal import Archive
public import Core
internal import Foundation
internal import Git
public import Model
public import Store
internal import System

/// The documents of a plan: those of a snapshot, and changes to them.
public struct PlanDocuments: Sendable {
    /// The snapshot; nil if there was no plan before.
    public let base: Snapshot?
    private(set) var changes: [StorePath: Change] = [:]
    /// The cells of documents that were already decoded or created, to avoid decoding them again.
    private var knownCells: [StorePath: [PlannedCell]] = [:]
    private var cellsOfBase: [StorePath: [PlannedCell]] = [:]

    /// A document that differs from the base.
    struct Change: Sendable {
        /// The content; nil if the document does not exist.
        var bytes: [UInt8]?
        var isInBase: Bool
    }

    /// The plan in a snapshot of a deployment's branch.
    public init(base: Snapshot?) {
        self.base = base
    }

    /// The plan that results from an update of the plan in a snapshot.
    ///
    /// - Parameter base: The plan that the update is based on; nil for a new plan.
    /// - Throws: `StoreError` if the base cannot be read, or a name in the plan is not valid in a path.
    package init(_ update: PlanUpdate, over base: Snapshot?) throws {
        self.init(base: base)
        for shard in update.shards { try set(shard) }
        for (id, document) in update.addedJobs { try setJob(id, document) }
        for id in update.removedJobs { try setJob(id, nil) }
        for (digest, files) in update.addedPackages { try addPackage(digest, files) }
        for digest in update.removedPackages { try removePackage(digest) }
        try setMetadata(update.metadata)
        try setTasks(update.tasks)
        try setHeader(update.header)
    }

    // MARK: Changing

    private mutating func setHeader(_ header: PlanHeader) throws {
        let path = PlanLayout.header.path
        let (bytes, old) = ([UInt8](try CanonicalJSON.encode(header)), try base?.bytes(at: path))
        if bytes != old { changes[path] = Change(bytes: bytes, isInBase: old != nil) }
    }

    private mutating func setMetadata(_ bytes: [UInt8]?) throws {
        let old = try base?.bytes(at: PlanLayout.metadata)
        if bytes != old { changes[PlanLayout.metadata] = Change(bytes: bytes, isInBase: old != nil) }
    }

    private mutating func setTasks(_ tasks: [PlannedTask]) throws {
        var known = Set(try base?.keys(in: PlanLayout.tasks) ?? [])
        for task in tasks {
            let bytes = [UInt8](try CanonicalJSON.encode(task))
            let id = Digest(of: bytes).hex
            let path = try PlanLayout.tasks.document(id).path
            if known.remove(id) == nil { changes[path] = Change(bytes: bytes, isInBase: false) }
        }
        for id in known { changes[try PlanLayout.tasks.document(id).path] = Change(bytes: nil, isInBase: true) }
    }

    private mutating func set(_ shard: PlanUpdate.Shard) throws {
        let path = try PlanLayout.cells(in: shard.id)
        if shard.isChanged { changes[path] = Change(bytes: shard.document, isInBase: !shard.previous.isEmpty) }
        knownCells[path] = shard.cells
        cellsOfBase[path] = shard.previous
    }

    /// The plan before the changes, with its decoded cells.
    package var beforeChanges: PlanDocuments {
        var documents = PlanDocuments(base: base)
        documents.knownCells = cellsOfBase
        return documents
    }

    /// Adds a job that the base does not have; nil removes one that it has.
    private mutating func setJob(_ id: Digest, _ bytes: [UInt8]?) throws {
        changes[try PlanLayout.jobs.document(id.hex).path] = Change(bytes: bytes, isInBase: bytes == nil)
    }

    /// Adds the files of a package that the base does not have.
    private mutating func addPackage(_ digest: Digest, _ files: PackageFiles) throws {
        let directory = try PlanLayout.package(digest)
        changes[try directory.appending("opam")] = Change(bytes: files.opam, isInBase: false)
        for (name, bytes) in files.files {
            let components = directory.components + ["files"] + name.components.map(\.encoded)
            changes[try StorePath(components: components)] = Change(bytes: bytes, isInBase: false)
        }
    }

    /// Removes the files of a package that the base has.
    private mutating func removePackage(_ digest: Digest) throws {
        try base?.forEachDocument(below: PlanLayout.package(digest)) { path, _ in
            changes[path] = Change(bytes: nil, isInBase: true)
        }
    }

    // MARK: Reading

    /// The document at `path`; nil if there is none.
    public func bytes(at path: StorePath) throws -> [UInt8]? {
        if let change = changes[path] { return change.bytes }
        return try base?.bytes(at: path)
    }

    /// The header of the plan; nil if there is no plan, or one in another format.
    public func header() throws -> PlanHeader? {
        guard let bytes = try bytes(at: PlanLayout.header.path) else { return nil }
        return try? CanonicalJSON.decode(PlanHeader.self, from: bytes)
    }

    /// The document with the metadata of packages; nil for a plan without.
    package func metadataDocument() throws -> [UInt8]? { try bytes(at: PlanLayout.metadata) }

    /// The metadata of all packages of the plan, in the order of the packages, without blank texts; none in plans of
    /// older versions.
    ///
    /// - Throws: `Failure` if the document has other contents.
    public func metadata() throws -> [PackageMetadata] {
        guard let bytes = try metadataDocument() else { return [] }
        let metadata =
            try PackageMetadata.read(bytes) ?? Self.decode([PackageMetadata].self, bytes, PlanLayout.metadata)
        return metadata.map { package in
            PackageMetadata(
                package: package.package, maintainers: Self.nonBlank(package.maintainers),
                tags: Self.nonBlank(package.tags), bugReports: Self.nonBlank(package.bugReports),
                devRepo: Self.nonBlank(package.devRepo.map { [$0] }).first)
        }
    }

    /// The texts that are not blank: an opam file may have a maintainer `""`.
    private static func nonBlank(_ texts: [String]?) -> [String] {
        (texts ?? []).filter { text in
            text.utf8.contains { (0x21..<0x7F).contains($0) }
                || text.unicodeScalars.contains { scalar in
                    let properties = scalar.properties
                    return !properties.isWhitespace && !properties.isDefaultIgnorableCodePoint
                        && properties.generalCategory != .control
                }
        }
    }

    /// The cells in a document, in order; empty if there is no document.
    ///
    /// - Throws: `Failure` if the document has other contents.
    public func cells(at path: StorePath) throws -> [PlannedCell] {
        if let known = knownCells[path] { return known }
        return try bytes(at: path).map { try Self.decodeCells($0, path) } ?? []
    }

    /// The cells of a shard, in their order.
    ///
    /// - Throws: `Failure` if its document is invalid.
    public func cells(in shard: CellShard) throws -> [PlannedCell] {
        try cells(at: PlanLayout.cells(in: shard))
    }

    /// Whether the plan has a cell.
    ///
    /// - Throws: `Failure` if the cell's document is invalid.
    public func hasCell(_ cell: Cell) throws -> Bool { try self.cell(cell) != nil }

    /// A cell of the plan; nil if the plan does not have it.
    ///
    /// - Throws: `Failure` if the cell's document is invalid.
    package func cell(_ cell: Cell) throws -> PlannedCell? {
        try cells(in: CellShard(of: cell)).first { $0.cell == cell }
    }

    private static func decodeCells(_ bytes: [UInt8], _ path: StorePath) throws -> [PlannedCell] {
        try PlannedCell.read(bytes) ?? decode([PlannedCell].self, bytes, path)
    }

    /// A job; nil if the plan has no such job.
    public func job(_ id: Digest) throws -> Job? {
        let path = try PlanLayout.jobs.document(id.hex).path
        return try bytes(at: path).map { try Self.job($0, path) }
    }

    /// The opam file of a package and its `files/`; nil if the plan has no such package.
    public func files(_ digest: Digest) throws -> PackageFiles? {
        let directory = try PlanLayout.package(digest)
        guard let opam = try bytes(at: directory.appending("opam")) else { return nil }
        var files = PackageFiles(opam: opam)
        let below = try directory.appending("files")
        try forEachDocument(below: below) { path, bytes in
            let name = path.components.dropFirst(below.components.count).joined(separator: "/")
            files.files[FilePath(encoded: name)] = bytes
        }
        return files
    }

    /// All cells, in the order of their names.
    public func cells() throws -> [PlannedCell] {
        var cells: [PlannedCell] = []
        try forEachDocument(below: PlanLayout.cells) { path, bytes in
            cells += try Self.decodeCells(bytes, path)
        }
        // Sorting numbers is several times faster than moving cells.
        let order = cells.indices.sorted { cells[$0].cell < cells[$1].cell }
        return order.map { cells[$0] }
    }

    /// The tasks, by target and compiler.
    public func tasks() throws -> [PlannedTask] {
        var tasks: [PlannedTask] = []
        try forEachDocument(below: PlanLayout.tasks.path) { path, bytes in
            tasks.append(try Self.decode(PlannedTask.self, bytes, path))
        }
        return tasks.sorted { ($0.target, $0.compiler) < ($1.target, $1.compiler) }
    }

    /// Reads the whole plan on all processors; nil if there is none.
    ///
    /// - Throws: `Failure` if a document is not valid in a plan.
    public func plan() async throws -> Plan? { try await plan(jobs: nil) }

    /// Reads the whole plan; nil if there is none.
    ///
    /// - Parameter tables: A cache that may have the jobs of the snapshot.
    /// - Throws: `Failure` if a document is not valid in a plan.
    package func plan(jobs tables: JobTables?) async throws -> Plan? {
        guard let header = try header() else { return nil }
        async let jobs = jobs(tables)
        return Plan(
            deployment: header.deployment, repositories: header.repositories, targets: header.targets,
            tasks: try tasks(), cells: try cells(), jobs: try await jobs, sources: header.sources ?? [:],
            confirm: header.confirm)
    }

    /// The tree of the snapshot's jobs; nil if it has none.
    func jobTree() throws -> ObjectID? { try base?.id(at: PlanLayout.jobs.path) }

    /// All jobs by their ids.
    private func jobs(_ tables: JobTables?) async throws -> [Digest: Job] {
        let root = PlanLayout.jobs.path
        if let tables, let tree = try jobTree(), var jobs = tables.jobs(of: tree) {
            for (path, change) in changes where path.isInside(root) {
                guard let id = PlanLayout.jobs.key(of: path).flatMap({ Digest(hex: $0) }) else { continue }
                jobs[id] = try change.bytes.map { try Self.job($0, path) }
            }
            return jobs
        }
        let directories = try base?.list(root).map { try root.appending($0.name) } ?? []
        let kept = try await parallelMap(directories) { _, directory in
            var jobs: [(Digest, Job)] = []
            try base?.forEachDocument(below: directory) { path, bytes in
                if changes[path] == nil { try Self.append(bytes, at: path, to: &jobs) }
            }
            return jobs
        }
        let changed = changes.filter { $0.key.isInside(root) && $0.value.bytes != nil }.map { ($0, $1.bytes ?? []) }
        let added = try await parallelMap(changed.chunks(ofCount: Self.part)) { _, part in
            var jobs: [(Digest, Job)] = []
            for (path, bytes) in part { try Self.append(bytes, at: path, to: &jobs) }
            return jobs
        }
        var jobs: [Digest: Job] = [:]
        jobs.reserveCapacity((kept + added).reduce(0) { $0 + $1.count })
        for part in kept + added { jobs.merge(part) { first, _ in first } }
        return jobs
    }

    /// The number of changed documents that are decoded at a time.
    private static let part = 1_000

    private static func append(_ bytes: [UInt8], at path: StorePath, to jobs: inout [(Digest, Job)]) throws {
        guard let id = PlanLayout.jobs.key(of: path).flatMap({ Digest(hex: $0) }) else { return }
        jobs.append((id, try job(bytes, path)))
    }

    private static func job(_ bytes: [UInt8], _ path: StorePath) throws -> Job {
        try Job.read(bytes) ?? decode(Job.self, bytes, path)
    }

    private func forEachDocument(below directory: StorePath, _ body: (StorePath, [UInt8]) throws -> Void) throws {
        try base?.forEachDocument(below: directory) { path, bytes in
            if changes[path] == nil { try body(path, bytes) }
        }
        for (path, change) in changes where path.isInside(directory) {
            if let bytes = change.bytes { try body(path, bytes) }
        }
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], _ path: StorePath) throws
        -> Value
    {
        do {
            return try CanonicalJSON.decode(type, from: bytes)
        } catch {
            throw Failure(
                .unavailable, "'\(path)' in the store is not part of a plan: \(error)", hint: "plan again")
        }
    }
}

extension PlanDocuments {
    /// A path at which two plans differ.
    public struct Difference: Sendable {
        /// The document or directory that differs.
        public var path: StorePath
        /// Whether the earlier plan has it.
        public var isInOld: Bool
        /// Whether the later plan has it.
        public var isInNew: Bool
    }

    /// The paths at which the documents differ from those of another plan of the same store, in any order.
    ///
    /// - Complexity: O(changes of both), and what differs between their bases.
    public func differences(from old: PlanDocuments) throws -> [Difference] {
        var differences: [Difference] = []
        if base?.tree == old.base?.tree, old.changes.isEmpty {
            return changes.map { path, change in
                Difference(path: path, isInOld: change.isInBase, isInNew: change.bytes != nil)
            }
        }
        var ofBases: [StorePath: (old: ObjectID?, new: ObjectID?)] = [:]
        if base?.tree != old.base?.tree {
            try Snapshot.differences(from: old.base, to: base) { path, old, new in ofBases[path] = (old, new) }
        }
        for path in Set(changes.keys).union(old.changes.keys) {
            let (now, before) = (changes[path], old.changes[path])
            if let ids = ofBases.removeValue(forKey: path) {
                let id = now.map { $0.bytes.map { ObjectID(hashing: .blob, $0) } } ?? ids.new
                let oldID = before.map { $0.bytes.map { ObjectID(hashing: .blob, $0) } } ?? ids.old
                if id != oldID {
                    differences.append(Difference(path: path, isInOld: oldID != nil, isInNew: id != nil))
                }
            } else if now?.bytes != before?.bytes || now == nil || before == nil {
                let isInBase = now?.isInBase ?? before?.isInBase ?? false
                differences.append(
                    Difference(
                        path: path, isInOld: before.map { $0.bytes != nil } ?? isInBase,
                        isInNew: now.map { $0.bytes != nil } ?? isInBase))
            }
        }
        for (path, ids) in ofBases {
            differences.append(Difference(path: path, isInOld: ids.old != nil, isInNew: ids.new != nil))
        }
        return differences
    }
}
