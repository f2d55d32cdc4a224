internal import Core
internal import Git
internal import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// The time that a name denotes; nil if it denotes something else.
    ///
    /// - Parameter name: `12`, `run:12`, `last` or `last~1` for a run; a date; `plan:REVISION`, or a commit of the
    ///   deployment's branch or of a repository of packages, for a plan.
    /// - Throws: `Failure` of the category `input` if it names a run or a plan that does not exist; `StoreError`.
    func moment(named name: String) throws -> ResultMoment? {
        if let moment = try moment(ofRun: name) { return moment }
        if let time = WrittenTime(name) {
            return ResultMoment(title: name, time: time.seconds, plan: try newestPlan(at: time.seconds))
        }
        if name.hasPrefix("plan:") {
            let revision = String(name.dropFirst("plan:".count))
            if let moment = try moment(ofPlan: revision) { return moment }
            throw Failure(.input, "there is no plan '\(revision)'", hint: try plansThatExist())
        }
        return try moment(ofPlan: name) ?? moment(ofResults: name)
    }

    // MARK: Runs

    private func moment(ofRun name: String) throws -> ResultMoment? {
        try runRecord(named: name).map { try moment(of: $0, RunRecords(of: header.deployment, in: store)) }
    }

    /// The run denoted by `12`, `run:12`, `last` or `last~1`; nil for other names.
    ///
    /// - Throws: `Failure` of the category `input` if there is no such run; `StoreError`.
    func runRecord(named name: String) throws -> RunRecord? {
        let runs = RunRecords(of: header.deployment, in: store)
        let record: RunRecord?
        if name.hasPrefix("run:") || name.count <= 6 && Int(name) != nil {
            record = try Int(name.hasPrefix("run:") ? String(name.dropFirst(4)) : name).flatMap(runs.record)
        } else if name == "last" || name.hasPrefix("last~") {
            guard let back = name == "last" ? 0 : Int(name.dropFirst("last~".count)), (0..<10_000).contains(back) else {
                return nil
            }
            record = try finished(runs, back)
        } else {
            return nil
        }
        guard let record else {
            throw Failure(.input, "there is no run '\(name)'", hint: try runsThatExist(runs))
        }
        return record
    }

    /// The newest finished run, or the one `back` runs before it.
    private func finished(_ runs: RunRecords, _ back: Int) throws -> RunRecord? {
        for limit in [back + 10, .max] {
            let finished = try runs.newest(limit: limit).filter { $0.ending == .finished }
            if finished.count > back { return finished[back] }
        }
        return nil
    }

    /// The time at which a run ended.
    func moment(of record: RunRecord, _ runs: RunRecords) throws -> ResultMoment {
        // The end of a run whose process died is unknown, so it extends to the beginning of the next run.
        let end = try record.end ?? runs.record(record.number + 1)?.begin ?? Int.max
        return ResultMoment(
            title: "run \(record.number)", run: record.number, time: end,
            plan: try record.plan.map { PlanDocuments(base: try store.snapshot(at: $0)) })
    }

    private func runsThatExist(_ runs: RunRecords) throws -> String {
        guard let newest = try runs.newest(limit: 1).first else { return "no run is recorded yet: ci run" }
        return newest.number == 1 ? "there is run 1" : "there are runs 1 to \(newest.number), or 'last'"
    }

    // MARK: Plans

    /// The versions of the plan with their commits, newest first.
    private func planHistory() throws -> [HistoryEntry] {
        try store.history(of: Branch(header.deployment), path: PlanLayout.header.path)
    }

    /// The newest plan at a time; nil if there was none yet.
    func newestPlan(at time: Int) throws -> PlanDocuments? {
        try planHistory().first { $0.commit.committer.time <= Int64(time) }
            .map { PlanDocuments(base: try store.snapshot(at: $0.id)) }
    }

    /// The last time at which a plan was the newest one.
    private func moment(ofPlan name: String) throws -> ResultMoment? {
        let plans = try planHistory()
        guard let position = try self.position(ofPlan: name, in: plans) else { return nil }
        let until = position == 0 ? Int.max : Int(plans[position - 1].commit.committer.time) - 1
        return ResultMoment(
            title: "plan \(plans[position].id.description.prefix(12))", time: until,
            plan: PlanDocuments(base: try store.snapshot(at: plans[position].id)), isOfPlan: true)
    }

    /// The index of the plan at a revision of the deployment's branch, or of the newest plan made from a commit of a
    /// repository.
    private func position(ofPlan name: String, in plans: [HistoryEntry]) throws -> Int? {
        if let snapshot = try? store.snapshot(at: name), let commit = snapshot.commit {
            // Commits that record runs do not change the plan.
            guard let header = try snapshot.id(at: PlanLayout.header.path) else { return nil }
            let exact = plans.firstIndex { $0.id == commit }
            return try exact
                ?? plans.firstIndex { try store.snapshot(at: $0.id).id(at: PlanLayout.header.path) == header }
        }
        guard name.count >= 4, name.utf8.allSatisfy({ Self.hexDigits.contains($0) }) else { return nil }
        return try plans.firstIndex { entry in
            let header = try PlanDocuments(base: store.snapshot(at: entry.id)).header()
            return header?.repositories.contains { $0.commit.hasPrefix(name) } ?? false
        }
    }

    private static let hexDigits = Set("0123456789abcdef".utf8)

    private func plansThatExist() throws -> String {
        let plans = try planHistory()
        guard let newest = plans.first, let oldest = plans.last else { return "make one: ci plan MATRIX" }
        return plans.count == 1
            ? "there is \(newest.id.description.prefix(12))"
            : "there are \(plans.count), from \(oldest.id.description.prefix(12)) to \(newest.id.description.prefix(12)): "
                + "git log \(header.deployment) -- plan.json"
    }

    // MARK: Commits of results

    /// The time of a commit of a results branch, restricted to the branch's target; nil if the revision is not such a
    /// commit.
    private func moment(ofResults revision: String) throws -> ResultMoment? {
        guard let commit = (try? store.snapshot(at: revision))?.commit else { return nil }
        return try index.withSoundHistory { contents in
            for number in (0..<HistoryRow.Number(contents.history.count)).reversed() {
                let row = try contents.history[number]
                guard row.commit == commit else { continue }
                let target = contents.texts[contents.cells[Int(row.cell)].target]
                return ResultMoment(title: revision, time: Int(row.time), last: (target, number))
            }
            return nil
        }
    }
}
