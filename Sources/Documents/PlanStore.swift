public import Core
internal import Foundation
public import Git
public import Store

/// Plans in a store: each deployment has the tree of its newest plan, and the history of those before.
///
/// Equal plans are equal trees, byte for byte.
public struct PlanStore: Sendable {
    private let store: Store

    public init(_ store: Store) {
        self.store = store
    }

    // MARK: Writing

    /// Makes `plan` the plan of its deployment, in one transaction. What is there already is not written again.
    ///
    /// - Parameters:
    ///   - files: of all packages that have jobs, by digest.
    ///   - inputs: of what the plan is a function of.
    /// - Returns: the commit that holds it, and whether anything changed.
    /// - Throws: `StoreError`, `GitError` where the store cannot be written.
    @discardableResult
    public func write(_ plan: Plan, files: [Digest: PackageFiles], inputs: Digest? = nil) throws -> (
        commit: ObjectID?, isNew: Bool
    ) {
        let branch = try PlanLayout.branch(plan.deployment)
        let before = try store.snapshot(branch).commit
        let committed = try store.transact(branch, Self.message(plan)) { transaction in
            _ = try transaction.bytes(at: PlanLayout.header.path)
            var change = PlanChange(base: transaction.base)
            try change.setHeader(PlanHeader(plan, inputs: inputs))
            try change.setCells(plan.cells)
            try change.setTasks(plan.tasks)
            try change.setJobs(plan.jobs)
            try change.setPackages(files)
            for (path, bytes) in change.writes { try transaction.write(bytes: bytes, to: path) }
            for path in change.removals { try transaction.remove(path) }
        }
        return (committed.commit, committed.commit != before)
    }

    private static func message(_ plan: Plan) -> String {
        var text = "Plan \(plan.deployment): \(plan.cells.count) cells, \(plan.jobs.count) jobs\n\n"
        for repository in plan.repositories { text += "Repository: \(repository.location) \(repository.commit)\n" }
        return text
    }

    // MARK: Reading

    /// The plan of a deployment, or the one that a revision of its branch holds; nil where there is none.
    ///
    /// - Throws: `StoreError`, `GitError` where the store is damaged or the revision is unknown.
    public func load(_ deployment: String, at revision: String? = nil) throws -> Plan? {
        let snapshot = try snapshot(deployment, at: revision)
        guard let header = try snapshot.value(at: PlanLayout.header) else { return nil }
        var plan = Plan(
            deployment: header.deployment, repositories: header.repositories, targets: header.targets,
            cells: try Self.cells(snapshot), jobs: [:])
        try snapshot.forEachDocument(below: PlanLayout.tasks.path) { path, bytes in
            plan.tasks.append(try Self.decode(PlannedTask.self, bytes, path))
        }
        plan.tasks.sort { ($0.target, $0.compiler) < ($1.target, $1.compiler) }
        try snapshot.forEachDocument(below: PlanLayout.jobs.path) { path, bytes in
            guard let key = PlanLayout.jobs.key(of: path), let id = Digest(hex: key) else { return }
            plan.jobs[id] = try Self.decode(Job.self, bytes, path)
        }
        return plan
    }

    /// The outline of a deployment's plan, or of the one that a revision holds; nil where there is none.
    ///
    /// - Throws: As for loading it.
    public func outline(_ deployment: String, at revision: String? = nil) throws -> PlanOutline? {
        let snapshot = try snapshot(deployment, at: revision)
        guard let header = try snapshot.value(at: PlanLayout.header) else { return nil }
        let jobs = try snapshot.keys(in: PlanLayout.jobs).compactMap { Digest(hex: $0) }
        return PlanOutline(header, cells: try Self.cells(snapshot), jobs: Set(jobs))
    }

    /// What a deployment's plan was made from and the commit that holds it; nil where there is none, or it does not say.
    public func inputs(_ deployment: String) throws -> (digest: Digest, commit: ObjectID)? {
        let snapshot = try snapshot(deployment, at: nil)
        guard let commit = snapshot.commit, let digest = try snapshot.value(at: PlanLayout.header)?.inputs else {
            return nil
        }
        return (digest, commit)
    }

    private func snapshot(_ deployment: String, at revision: String?) throws -> Snapshot {
        try revision.map(store.snapshot(at:)) ?? store.snapshot(PlanLayout.branch(deployment))
    }

    private static func cells(_ snapshot: Snapshot) throws -> [PlannedCell] {
        var cells: [PlannedCell] = []
        try snapshot.forEachDocument(below: PlanLayout.cells) { path, bytes in
            cells += try decode([PlannedCell].self, bytes, path)
        }
        return cells.sorted { $0.cell < $1.cell }
    }

    /// The opam file of a package and what lies beside it, as the plan of a deployment names it; nil where it has no
    /// such package.
    public func files(_ digest: Digest, in deployment: String) throws -> PackageFiles? {
        let snapshot = try store.snapshot(PlanLayout.branch(deployment))
        let directory = try PlanLayout.package(digest)
        guard let opam = try snapshot.bytes(at: directory.appending("opam")) else { return nil }
        var files = PackageFiles(opam: opam)
        let below = try directory.appending("files")
        try snapshot.forEachDocument(below: below) { path, bytes in
            let name = path.components.dropFirst(below.components.count).joined(separator: "/")
            files.files[name] = bytes
        }
        return files
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], _ path: StorePath) throws
        -> Value
    {
        do {
            return try CanonicalJSON.decode(type, from: Data(bytes))
        } catch {
            throw Failure(
                .infrastructure, "'\(path)' in the store is no part of a plan: \(error)", hint: "plan again")
        }
    }
}

/// The documents by which a plan differs from what a branch holds.
private struct PlanChange {
    let base: Snapshot
    private(set) var writes: [(path: StorePath, bytes: [UInt8])] = []
    private(set) var removals: [StorePath] = []

    init(base: Snapshot) {
        self.base = base
    }

    mutating func setHeader(_ header: PlanHeader) throws {
        try replace(PlanLayout.header.path, with: [UInt8](CanonicalJSON.encode(header)))
    }

    mutating func setCells(_ cells: [PlannedCell]) throws {
        var documents: [StorePath: [PlannedCell]] = [:]
        for cell in cells { documents[try PlanLayout.cells(of: cell.cell), default: []].append(cell) }
        for (path, cells) in documents.sorted(by: { $0.key < $1.key }) {
            try replace(path, with: [UInt8](CanonicalJSON.encode(cells)))
        }
        try base.forEachDocument(below: PlanLayout.cells) { path, _ in
            if documents[path] == nil { removals.append(path) }
        }
    }

    mutating func setTasks(_ tasks: [PlannedTask]) throws {
        var known = Set(try base.keys(in: PlanLayout.tasks))
        for task in tasks {
            let bytes = [UInt8](try CanonicalJSON.encode(task))
            let id = Digest(of: bytes).hex
            if known.remove(id) == nil { writes.append((try PlanLayout.tasks.document(id).path, bytes)) }
        }
        for id in known.sorted() { removals.append(try PlanLayout.tasks.document(id).path) }
    }

    mutating func setJobs(_ jobs: [Digest: Job]) throws {
        var known = Set(try base.keys(in: PlanLayout.jobs))
        for (id, job) in jobs.sorted(by: { $0.key < $1.key }) where known.remove(id.hex) == nil {
            writes.append((try PlanLayout.jobs.document(id.hex).path, [UInt8](try CanonicalJSON.encode(job))))
        }
        for id in known.sorted() { removals.append(try PlanLayout.jobs.document(id).path) }
    }

    /// Packages are named by what they hold, so only their names are compared.
    mutating func setPackages(_ files: [Digest: PackageFiles]) throws {
        var known: [String: [StorePath]] = [:]
        try base.forEachDocument(below: PlanLayout.packages) { path, _ in
            known[path.components[2], default: []].append(path)
        }
        for (digest, files) in files.sorted(by: { $0.key < $1.key }) where known.removeValue(forKey: digest.hex) == nil
        {
            let directory = try PlanLayout.package(digest)
            writes.append((try directory.appending("opam"), files.opam))
            for (name, bytes) in files.files.sorted(by: { $0.key < $1.key }) {
                let place = directory.components + ["files"] + name.split(separator: "/").map(String.init)
                writes.append((try StorePath(components: place), bytes))
            }
        }
        removals += known.values.joined().sorted()
    }

    private mutating func replace(_ path: StorePath, with bytes: [UInt8]) throws {
        if try base.bytes(at: path) != bytes { writes.append((path, bytes)) }
    }
}
