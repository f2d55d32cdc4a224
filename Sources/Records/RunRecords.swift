internal import Core
internal import Foundation
internal import Git
public import Model
public import Store

/// The runs of a deployment: `runs/0/12.json` on its branch, one directory for each thousand.
///
/// A run is recorded at its beginning and at its end. An ephemeral value shows that its process is alive; a record
/// without an end and without such a value counts as interrupted, and the next run closes it.
///
/// - SeeAlso: `docs/decisions/0205-run-records.md`
public struct RunRecords: Sendable {
    private let store: Store
    private let deployment: String

    public init(of deployment: String, in store: Store) {
        self.store = store
        self.deployment = deployment
    }

    /// The directory of runs in the branch of a deployment.
    static let directory: StorePath = "runs"

    /// The document of a run.
    public static func path(of number: Int) throws(StoreError) -> TypedPath<RunRecord> {
        TypedPath(try StorePath(components: [directory.name, "\(number / 1000)", "\(number).json"]))
    }

    // MARK: Reading

    /// A run; nil if there is none with this number.
    ///
    /// - Throws: `StoreError`.
    public func record(_ number: Int) throws -> RunRecord? {
        try store.snapshot(Branch(deployment)).value(at: Self.path(of: number)).map(ending)
    }

    /// The newest runs, newest first.
    ///
    /// - Parameter last: The greatest number of a run that is returned.
    /// - Throws: `StoreError`.
    public func newest(limit: Int = .max, upTo last: Int = .max) throws -> [RunRecord] {
        let snapshot = try store.snapshot(Branch(deployment))
        return try Self.numbers(limit, upTo: last) { try snapshot.list($0) }.compactMap { number in
            try snapshot.value(at: Self.path(of: number)).map(ending)
        }
    }

    /// The record; a run without an ending is considered interrupted if its process is gone.
    private func ending(_ record: RunRecord) throws -> RunRecord {
        var record = record
        if record.ending == nil, try !isAlive(record.number) { record.ending = .interrupted }
        return record
    }

    /// The greatest numbers of runs that are not greater than `last`, greatest first.
    private static func numbers(
        _ limit: Int, upTo last: Int = .max, list: (StorePath) throws -> [Snapshot.Entry]
    ) throws -> [Int] {
        var numbers: [Int] = []
        for thousand in try list(directory).compactMap({ Int($0.name) }).sorted(by: >) where numbers.count < limit {
            numbers += try list(directory.appending("\(thousand)")).compactMap { entry in
                entry.name.hasSuffix(".json") ? Int(entry.name.dropLast(".json".count)) : nil
            }.filter { $0 <= last }
        }
        return Array(numbers.sorted(by: >).prefix(limit))
    }

    // MARK: Liveness

    private func livePath(_ number: Int) throws -> StorePath { try StorePath("runs/\(deployment)/\(number)") }

    private func isAlive(_ number: Int) throws -> Bool { try store.ephemeral.value(at: livePath(number)) != nil }

    // MARK: Writing

    /// Records that a run begins, under the next number, and closes the records of runs whose processes are gone.
    ///
    /// - Parameters:
    ///   - targets: The targets of the plan.
    ///   - owner: The owner of the run: the run counts as alive until this owner leaves.
    /// - Throws: `StoreError`, `Conflict`.
    package func begin(
        trigger: String, selectors: [Selector], targets: Set<String>, at time: Int, owner: EphemeralOwner
    ) throws -> RunRecord {
        let plan = try PlanStore(store).commit(of: deployment)
        let before = try tips(of: targets)
        return try store.transact(Branch(deployment), "") { transaction in
            let open = try closeAbandoned(targets, in: transaction)
            let number = (try Self.numbers(1) { try transaction.list($0) }.first ?? 0) + 1
            // This happens before the record can be read. If another run takes the number first, the value is unused.
            _ = try store.ephemeral.set(
                [], at: livePath(number), owner: owner, lifetime: nil, expecting: .unclaimed)
            let record = RunRecord(
                number: number, plan: plan?.description, trigger: trigger,
                selectors: selectors.isEmpty ? nil : selectors.map(\.description), begin: time, before: before)
            try transaction.write(record, to: Self.path(of: number))
            transaction.message = message("Begin run \(number) of \(deployment)\(open)", record)
            return record
        }.value
    }

    /// Records the end of a run, with the final state of the result branches.
    ///
    /// - Throws: `StoreError`, `Conflict`.
    package func end(_ record: RunRecord, targets: Set<String>) throws {
        var record = record
        record.after = try tips(of: targets)
        let changes = ResultChange.allCases.compactMap { change in
            record.changes?[change.rawValue].map { "\($0) \(change.rawValue)" }
        }
        let outcome = record.ending == .finished ? "" : ", \(record.ending?.rawValue ?? "open")"
        let subject =
            "End run \(record.number) of \(deployment)\(outcome): "
            + (changes.isEmpty ? "no results" : changes.joined(separator: ", "))
        try store.transact(Branch(deployment), message(subject, record)) { [record] transaction in
            try transaction.write(record, to: Self.path(of: record.number))
        }
    }

    /// Closes the records of recent runs whose processes have ended.
    ///
    /// - Returns: A suffix for the subject of the commit; empty if none were closed.
    private func closeAbandoned(_ targets: Set<String>, in transaction: Transaction) throws -> String {
        var closed: [Int] = []
        for number in try Self.numbers(Self.openLimit, list: { try transaction.list($0) }) {
            guard var record = try transaction.value(at: Self.path(of: number)), record.ending == nil,
                try !isAlive(number)
            else { continue }
            record.ending = .interrupted
            record.after = try tips(of: targets.union(record.before.keys))
            try transaction.write(record, to: Self.path(of: number))
            closed.append(number)
        }
        return closed.isEmpty ? "" : "; interrupted: \(closed.map(String.init).joined(separator: ", "))"
    }

    /// The number of newest runs that are searched for records without an end: each run closes those before it.
    private static let openLimit = 100

    private func message(_ subject: String, _ record: RunRecord) -> String {
        var text = "\(subject.displayableOnOneLine)\n\nRun: \(record.number)\n"
        if let plan = record.plan { text += "Plan: \(plan)\n" }
        return text + "Trigger: \(record.trigger.displayableOnOneLine)\n"
    }

    private func tips(of targets: Set<String>) throws -> [String: String] {
        var tips: [String: String] = [:]
        for target in targets {
            let branch = ResultBranch(deployment: deployment, target: target)
            tips[target] = try store.snapshot(Branch(branch.name)).commit?.description
        }
        return tips
    }

    /// Whether a commit of a deployment's branch records a run without changing the plan.
    static func isRecord(_ commit: Commit) -> Bool {
        commit.trailers.contains { $0.key == "Run" }
    }
}
