internal import Core
internal import Foundation
internal import Git
internal import Model
internal import Store

/// The additions of a push to an inbox: read, checked, then merged.
struct InboxDelivery {
    private let store: Store
    private let name: String
    private(set) var results: [(deployment: String, path: String, result: CellResult)] = []
    private(set) var logs: [(digest: Digest, path: StorePath)] = []
    /// The reasons why it cannot be merged.
    private(set) var problems: [String] = []
    private var plans: [String: PlanDocuments] = [:]
    private var files = 0
    private var bytes = 0

    private static let limits = (files: 20_000, bytes: 1 << 30, result: 64 << 10, log: 64 << 20, problems: 50)

    init(_ store: Store, _ name: String) {
        self.store = store
        self.name = name
    }

    // MARK: Checking

    /// Checks the changes in `head`.
    mutating func check(from before: Snapshot?, to head: Snapshot) {
        do {
            try check(nil, depth: 0, from: before, to: head)
            let pushed = Set(logs.map(\.digest))
            for (_, path, result) in results {
                for log in result.logs where !pushed.contains(log) {
                    if try store.logs.read(log) == nil {
                        refuse(path, "its log \(log) is neither pushed nor in the store")
                    }
                }
            }
        } catch {
            refuse("the push", "it cannot be read: \(Failure(describing: error))")
        }
    }

    private mutating func check(_ directory: StorePath?, depth: Int, from before: Snapshot?, to head: Snapshot) throws {
        for entry in try head.list(directory) where problems.count < Self.limits.problems {
            let text = directory.map { "\($0)/\(entry.name)" } ?? entry.name
            guard let path = try? StorePath(text), depth < 8 else {
                refuse(text, "a path of this form is not accepted")
                continue
            }
            if try before?.id(at: path) == entry.id { continue }
            guard try head.id(at: path) == entry.id else {
                refuse(text, "its name is not UTF-8")
                continue
            }
            guard entry.isDirectory || entry.isFile else {
                refuse(text, "it is a symbolic link or a submodule: expected a file")
                continue
            }
            if entry.isDirectory {
                try check(path, depth: depth + 1, from: before, to: head)
            } else {
                try checkFile(path, in: head)
            }
        }
    }

    private mutating func checkFile(_ path: StorePath, in head: Snapshot) throws {
        let size = try head.size(at: path)
        (files, bytes) = (files + 1, bytes + size)
        guard files <= Self.limits.files, bytes <= Self.limits.bytes else {
            return refuse("\(path)", "the push has more than \(Self.limits.files) files or \(Self.limits.bytes) bytes")
        }
        let parts = path.components
        switch (parts.first, parts.count) {
        case ("logs", 2): try checkLog(path, size, in: head)
        case ("results", 6): try checkResult(path, size, in: head)
        default:
            refuse("\(path)", "expected results/DEPLOYMENT/TARGET/COMPILER/PACKAGE/VERSION.json or logs/SHA256")
        }
    }

    private mutating func checkLog(_ path: StorePath, _ size: Int, in head: Snapshot) throws {
        guard size <= Self.limits.log else { return refuse("\(path)", "it has more than \(Self.limits.log) bytes") }
        guard let digest = Digest(hex: path.name), let bytes = try head.bytes(at: path), Digest(of: bytes) == digest
        else { return refuse("\(path)", "its name is not the SHA-256 of its contents") }
        logs.append((digest, path))
    }

    private mutating func checkResult(_ path: StorePath, _ size: Int, in head: Snapshot) throws {
        guard size <= Self.limits.result else {
            return refuse("\(path)", "it has more than \(Self.limits.result) bytes")
        }
        let parts = path.components
        let bytes = try head.bytes(at: path) ?? []
        var result: CellResult
        do {
            result = try CanonicalJSON.decode(CellResult.self, from: bytes)
        } catch let error as DecodingError {
            return refuse("\(path)", "it is not a result: \(error.explanation())")
        }
        let cellPath = parts[3...].joined(separator: "/")
        guard result.cell.target == parts[2], ResultPath.cell(result.cell) == cellPath else {
            return refuse("\(path)", "the result is of another cell: \(result.cell)")
        }
        guard let plan = try plan(parts[1]), let planned = try plan.cell(result.cell) else {
            return refuse("\(path)", "the store has no plan '\(parts[1])' with the cell \(result.cell)")
        }
        if let job = result.job, !planned.hasJob(job) {
            return refuse("\(path)", "the job \(job) is not that of the cell in the plan '\(parts[1])'")
        }
        // These fields are determined by this store.
        (result.layer, result.base, result.run) = (nil, nil, nil)
        (result.change, result.previous, result.built) = (nil, nil, nil)
        result.machine = result.machine ?? "\(Inbox.prefix)\(name)"
        results.append((parts[1], cellPath, result))
    }

    private mutating func plan(_ deployment: String) throws -> PlanDocuments? {
        if let known = plans[deployment] { return known }
        guard let branch = try? Branch(deployment), try store.branches().contains(branch) else { return nil }
        let documents = try PlanStore(store).documents(deployment)
        plans[deployment] = documents
        return documents
    }

    private mutating func refuse(_ path: String, _ problem: String) {
        guard problems.count < Self.limits.problems else { return }
        problems.append("\(path): \(problem)".displayableOnOneLine)
    }

    // MARK: Merging

    /// Records the checked contents, logs first.
    mutating func merge(_ head: Snapshot) throws {
        for (_, path) in logs {
            if let bytes = try head.bytes(at: path) { _ = try store.logs.put(bytes) }
        }
        for (deployment, _, result) in results {
            guard let plan = try plan(deployment) else { continue }
            let branch = ResultBranch(deployment: deployment, target: result.cell.target)
            let work = ResultBranch.PlannedWork(hasCell: plan.hasCell, hasJob: { try plan.job($0) != nil })
            try store.transact(Branch(branch.name), "") { transaction in
                let path = try StorePath(ResultPath.cell(result.cell))
                // An older result does not replace a newer one.
                let own = try transaction.value(CellResult.self, at: path)
                if let own, !own.ended(before: result) { return }
                transaction.message = try branch.record(result, of: work, in: transaction)?.message(plan: nil)
            }
        }
    }
}

extension PlannedCell {
    /// Whether a job builds or tests the cell.
    fileprivate func hasJob(_ job: Digest) -> Bool {
        if case .jobs(let build, let test) = basis { job == build || job == test } else { false }
    }
}
