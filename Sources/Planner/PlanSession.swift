package import Core
package import Documents
internal import Foundation
internal import Git
internal import Matrix
internal import Store

/// Plans a matrix over the plan that a store has, and keeps the new plan there.
package struct PlanSession: Sendable {
    package let preparation: PlanInputLoader
    /// The folder of the store, which is made where it is not there.
    package let store: String
    /// Whether nothing is written.
    package let isDry: Bool
    private let progress: @Sendable (PlanProgress) -> Void
    private var deployment: String { preparation.matrix.deployment.value }

    /// - Parameter progress: called from any thread.
    package init(
        _ preparation: PlanInputLoader, store: String, isDry: Bool = false,
        progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }
    ) {
        self.preparation = preparation
        self.store = store
        self.isDry = isDry
        self.progress = progress
    }

    /// A plan, and the one before it.
    package struct Outcome: Sendable {
        package var header: PlanHeader
        package var documents: PlanDocuments
        /// What the store had; without any documents where it had no plan.
        package var earlier: PlanDocuments
        /// That holds the plan; nil after a dry run.
        package var commit: String?
        /// How many cells were made, and not left as they were.
        package var made: Int
        package var warnings: [Diagnostic]
    }

    /// Makes the plan and writes it, unless the store has it already.
    ///
    /// Nothing is written, and no store is made, unless the whole plan could be made.
    ///
    /// - Throws: `Failure` for a matrix that does not fit the repositories, a missing repository, a plugin that fails;
    ///   errors of the store.
    package func plan() async throws -> Outcome {
        var (outcome, memory) = try await unwritten()
        if let memory { outcome.commit = try write(outcome, memory) }
        return outcome
    }

    /// As `plan()`, and meanwhile tells what changed since an older plan; nil is the one before.
    package func plan(comparedWith older: PlanDocuments?) async throws -> (Outcome, PlanDifference) {
        let (made, memory) = try await unwritten()
        async let difference = PlanDifference(from: older ?? made.earlier, to: made.documents, made.header)
        var outcome = made
        if let memory { outcome.commit = try write(made, memory) }
        return (outcome, try await difference)
    }

    /// Makes the plan.
    ///
    /// - Returns: What is to be remembered of it where it is to be written.
    private func unwritten() async throws -> (Outcome, IncrementalState?) {
        progress(PlanProgress(.reading))
        let kept = try keptDocuments()
        let header = try kept.header()
        async let memory = memory(of: kept)
        let (inputs, warnings) = try await preparation.inputs(known: header?.repositories ?? [], progress: progress)
        let sources = header?.sources ?? [:]
        let isReusable = inputs.hasLooked(at: header)
        if let header, header.inputs == (try inputs.digest),
            await inputs.moving?.areStill(at: sources) ?? sources.isEmpty
        {
            var told = warnings + inputs.warnings
            if let memory = await memory { told += try PackageWarnings(inputs, memory).warnings }
            let outcome = Outcome(
                header: header, documents: kept, earlier: kept, commit: isDry ? nil : kept.base?.commit?.description,
                made: 0, warnings: told)
            return (outcome, nil)
        }
        let base = isReusable ? await base(kept, header, memory) : nil
        let planning = try await Planner(inputs, progress: progress).plan(over: base)
        try Task.checkCancellation()
        let earlier = planning.documents.base == nil ? kept : planning.documents.beforeChanges
        let outcome = Outcome(
            header: planning.header, documents: planning.documents, earlier: earlier, commit: nil, made: planning.made,
            warnings: warnings + planning.warnings)
        return (outcome, isDry ? nil : planning.memory)
    }

    private func write(_ outcome: Outcome, _ memory: IncrementalState) throws -> String? {
        progress(PlanProgress(.writing))
        let (snapshot, _) = try PlanStore(Store(at: store)).write(outcome.documents, outcome.header)
        if !preparation.cache.isReadOnly { memory.keep(of: snapshot.tree, in: preparation.cache.memories) }
        return snapshot.commit?.description
    }

    /// The plan to compare with: that of a revision of the deployment's branch, or of the repository, which is planned.
    ///
    /// - Throws: `Failure` where neither has such a revision.
    package func plan(at revision: String) async throws -> PlanDocuments {
        let kept = try keptDocuments()
        if kept.base != nil, let plan = try? PlanStore(Store(opening: store)).documents(deployment, at: revision),
            try plan.header() != nil
        {
            return plan
        }
        let header = try kept.header()
        let (inputs, _) = try await preparation.inputs(
            at: revision, known: header?.repositories ?? [], progress: progress)
        let base = inputs.hasLooked(at: header) ? base(kept, header, memory(of: kept)) : nil
        return try await Planner(inputs, progress: progress).plan(over: base).documents
    }

    // MARK: What is there

    private func keptDocuments() throws -> PlanDocuments {
        guard FileManager.default.fileExists(atPath: store) else { return PlanDocuments(base: nil) }
        let opened = try Store(opening: store)
        // A bare clone of a store becomes one; any other clone is refused before anything is solved.
        if opened.isClone, !isDry { _ = try Store(at: store) }
        return try PlanStore(opened).documents(deployment)
    }

    private func memory(of kept: PlanDocuments) -> IncrementalState? {
        guard let snapshot = kept.base, snapshot.commit != nil else { return nil }
        return IncrementalState(of: snapshot.tree, in: preparation.cache.memories)
    }

    private func base(_ kept: PlanDocuments, _ header: PlanHeader?, _ memory: IncrementalState?) -> PreviousPlan? {
        guard let snapshot = kept.base, let header, let memory else { return nil }
        return PreviousPlan(snapshot: snapshot, header: header, memory: memory)
    }
}

extension PlanInputs {
    /// Whether all sources that moved in a plan are those of pins. Which packages of the repositories still have such
    /// sources, and what those are at, is known only by making all of the plan.
    fileprivate func hasLooked(at header: PlanHeader?) -> Bool {
        let sources = header?.sources ?? [:]
        return moving?.haveFound(all: sources.keys) ?? sources.isEmpty
    }
}
