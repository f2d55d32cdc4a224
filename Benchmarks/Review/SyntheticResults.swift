import Core
import Foundation
import Git
import Model
import Records
import Review
import Store

/// Synthetic results of the cells of a plan, for several runs: a commit each, as a run records them.
///
/// All are marked: their plugin and their repository are called `synthetic`. The documents of a run are written by one
/// transaction, and the commits of its results have that transaction's tree: the trees of all commits would take about
/// 100 KB each. No measured operation reads the commits in between.
struct SyntheticResults {
    private let store: Store
    private let path: String
    private let count: Int
    private let seed: UInt64
    /// The log of a failure.
    private let log: [UInt8]

    init(store path: String, runs: Int, seed: UInt64) throws {
        store = try Store(opening: path)
        (self.path, count, self.seed) = (path, runs, seed)
        let lines = (0..<4_000).map { $0 == 2_000 ? Self.error : "synthetic: a line of a build, number \($0)" }
        log = Array(lines.map { $0 + "\n" }.joined().utf8)
    }

    private static let error = "Error: Unbound module Synthetic"

    /// The start of a run, in seconds since 1970: one run per day.
    private static func begin(of run: Int) -> Int { 1_700_000_000 + run * 86_400 }

    func write() throws {
        let (documents, header) = try DeploymentResults.plan(of: nil, in: store)
        let cells = Dictionary(grouping: try documents.cells(), by: \.cell.target)
        let runs = RunRecords(of: header.deployment, in: store)
        let owner = try store.ephemeral.join("synthetic")
        defer { owner.leave() }
        for run in 1...count {
            let begin = Self.begin(of: run)
            var record = try runs.begin(
                trigger: "synthetic", selectors: [], targets: Set(cells.keys), at: begin, owner: owner)
            for (target, cells) in cells.sorted(by: { $0.key < $1.key }) {
                let results = try cells.compactMap { try result(of: $0, run: run) }
                try self.record(results, on: ResultBranch(deployment: header.deployment, target: target), run: run)
            }
            (record.end, record.ending) = (begin + 86_000, .finished)
            try runs.end(record, targets: Set(cells.keys))
            print("run \(run): \(Usage.own.seconds.short) s of CPU")
        }
    }

    /// A number that depends only on the seed and the words, evenly distributed below 1,000.
    private func chance(_ words: String) -> Int {
        Int(Digest(of: "\(seed) \(words)").hex.prefix(7), radix: 16).map { $0 % 1_000 } ?? 0
    }

    private func result(of planned: PlannedCell, run: Int) throws -> CellResult? {
        let cell = planned.cell
        guard case .jobs(let build, let test) = planned.basis else { return nil }
        var result = CellResult(cell: cell, job: test ?? build, outcome: .success, repositories: ["synthetic"])
        (result.plugin, result.finished, result.duration) = ("synthetic 0", Self.begin(of: run), 12.5)
        result.execution = CellResult.execution(endedAt: Double(Self.begin(of: run)), named: 1)
        result.run = run
        result.log = Digest(of: "synthetic log \(cell) \(run)")
        // Most packages keep their first state; some change from run to run.
        let isFickle = chance("fickle \(cell)") < 20
        let dice = chance("state \(cell)" + (isFickle ? " \(run)" : ""))
        switch dice {
        case ..<60:
            (result.outcome, result.phase) = (.failure, .build)
            result.signature = "synthetic error: unbound module M\(chance("error \(cell.package.name)") / 4)"
            result.log = try store.logs.put(log)
            result.reason = "File \"src/a.ml\", line \(chance("line \(cell)")): \(result.signature ?? "")"
        case ..<140:
            result.outcome = .blocked
            result.blockedBy = PackageVersion(name: "dune", version: "3.0")
            result.reason = "dune.3.0: synthetic"
        case ..<143:
            result.outcome = .infrastructure
            result.reason = "synthetic: the disk is full"
        default: break
        }
        return result
    }

    private func record(_ results: [CellResult], on branch: ResultBranch, run: Int) throws {
        let name = try Branch(branch.name)
        let before = try store.snapshot(name).commit
        var index: [String: [String: CellResult]] = [:]
        for result in results {
            let path = ResultPath.cell(result.cell)
            index[ResultPath.indexShard(of: path), default: [:]][path] = result
        }
        try store.transact(name, "Synthetic run \(run)") { transaction in
            for result in results { try transaction.write(result, to: StorePath(ResultPath.cell(result.cell))) }
            for (shard, results) in index { try transaction.write(results, to: StorePath(shard)) }
        }
        try store.checkpoint()
        let after = try store.snapshot(name)
        guard let tip = after.commit else { return }
        let repository = try GitRepository(opening: path)
        let pack = try PackWriter(objects: "\(path)/objects", count: results.count)
        var parent = before
        for (number, result) in results.enumerated() {
            let signature = Signature(
                name: "synthetic", email: "synthetic@localhost", time: Int64(Self.begin(of: run) + number))
            let commit = Commit(
                tree: after.tree, parents: parent.map { [$0] } ?? [], author: signature, message: result.message)
            let bytes = commit.bytes
            let id = ObjectID(hashing: .commit, bytes)
            try pack.add(id, .commit, bytes)
            parent = id
        }
        _ = try pack.finish()
        try repository.refresh()
        guard let parent else { return }
        try repository.updateReference("refs/heads/\(branch.name)", to: parent, expecting: tip)
    }
}
