package import Core
internal import Fetching
internal import Foundation
internal import Git
internal import Logging
internal import Matrix
package import Model
internal import OpamFormat
package import Planner
package import Records
package import Store
internal import YAML

/// Plans a matrix, starting from the existing plan in a store, and stores the new plan there.
///
/// - SeeAlso: `docs/decisions/0255-planned-sources.md`
package struct PlanSession: Sendable {
    /// Loads the inputs of the plan.
    package let preparation: PlanInputLoader
    /// The store's directory, which is created if it does not exist.
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

    /// A plan and the previous one.
    package struct NewPlan: Sendable {
        /// The header of the plan.
        package var header: PlanHeader
        /// The plan, whose documents are read on demand.
        package var documents: PlanDocuments
        /// The open store; nil if there is none after a dry run.
        package var store: Store?
        /// The previous plan in the store; empty if there was none.
        package var earlier: PlanDocuments
        /// The commit of the plan; nil after a dry run.
        package var commit: String?
        /// Warnings about the matrix, repositories and packages.
        package var warnings: [Diagnostic]
    }

    /// Plans, and writes the plan unless the store already has it.
    ///
    /// Nothing is written and no store is created unless planning succeeds.
    ///
    /// - Throws: `Failure` if the matrix does not match the repositories, a repository is missing, or a plugin fails;
    ///   errors of the store.
    package func plan() async throws -> NewPlan {
        var (outcome, state) = try await unwritten()
        try write(&outcome, state)
        return outcome
    }

    /// Like `plan()`, but also returns the changes since an older plan; nil selects the previous one.
    package func plan(comparedWith older: PlanDocuments?) async throws -> (NewPlan, PlanDifference) {
        let (made, state) = try await unwritten()
        async let difference = PlanDifference(from: older ?? made.earlier, to: made.documents, made.header)
        var outcome = made
        try write(&outcome, state)
        return (outcome, try await difference)
    }

    /// Creates the plan without writing it.
    ///
    /// - Returns: The plan, and the incremental state if it is to be written.
    private func unwritten() async throws -> (NewPlan, IncrementalState?) {
        progress(PlanProgress(.reading))
        let opened = try opened()
        let kept = try documents(in: opened)
        let header = try kept.header()
        async let state = state(of: kept)
        let loaded = try await inputs(known: header, in: opened)
        if let header, try await loaded.areThose(of: header) {
            logger.debug("the plan in the store is up to date", metadata: ["deployment": "\(deployment)"])
            var warnings = loaded.warnings + loaded.inputs.warnings
            if let state = await state { warnings += try PackageWarnings(loaded.inputs, state).warnings }
            let outcome = NewPlan(
                header: header, documents: kept, store: opened, earlier: kept,
                commit: isDry ? nil : kept.base?.commit?.description, warnings: warnings)
            return (outcome, nil)
        }
        let planned = try await plan(loaded, over: kept, header, await state)
        try Task.checkCancellation()
        let earlier = planned.output.isIncremental ? planned.documents.beforeChanges : kept
        let outcome = NewPlan(
            header: planned.output.header, documents: planned.documents, store: opened, earlier: earlier, commit: nil,
            warnings: loaded.warnings + planned.output.warnings)
        return (outcome, isDry ? nil : planned.output.memory)
    }

    /// The inputs of the plan, including the results in the store about unikernels.
    private func inputs(
        at revision: String? = nil, known header: PlanHeader? = nil, in store: Store?
    ) async throws -> LoadedInputs {
        let known = header?.repositories ?? []
        let loaded = try await preparation.inputs(at: revision, known: known, progress: progress)
        guard !preparation.matrix.unikernels.isEmpty else { return loaded }
        return try await UnikernelPlanning(loader: preparation, store: store, known: known).planned(loaded)
    }

    /// Plans inputs incrementally over the existing plan, if possible.
    private func plan(
        _ loaded: LoadedInputs, over kept: PlanDocuments, _ header: PlanHeader?, _ state: IncrementalState?
    ) async throws -> (output: PlanOutput, documents: PlanDocuments) {
        var previous: PreviousPlan?
        if let header, let state, kept.base != nil, loaded.haveResolved(all: header) {
            previous = PreviousPlan(
                header: header, memory: state, cells: { try kept.cells(in: $0) },
                metadata: { try kept.metadataDocument() })
        }
        let obstacle =
            header == nil
            ? "no previous plan" : state == nil ? "the cache has no state of the previous plan" : "unresolved sources"
        logger.debug(previous == nil ? "planning in full: \(obstacle)" : "planning incrementally")
        let start = ContinuousClock.now
        var output = try await Planner(loaded.inputs, progress: progress).plan(over: previous)
        if output.header.provisionalCells > 0 { output.update.header.matrix = preparation.matrix.planned }
        logger.debug(
            "planned \(output.isIncremental ? "incrementally" : "in full")",
            metadata: ["solved cells": "\(output.solvedCells)", "duration": "\(ContinuousClock.now - start)"])
        return (output, try PlanDocuments(output.update, over: output.isIncremental ? kept.base : nil))
    }

    /// - Parameter state: Nil if the store already has the plan.
    private func write(_ outcome: inout NewPlan, _ state: IncrementalState?) throws {
        guard !isDry else { return }
        guard let state else {
            if let store = outcome.store { try keepSources(of: outcome.header, in: store) }
            return
        }
        progress(PlanProgress(.writing))
        let store = try Store(at: store)
        try keepSources(of: outcome.header, in: store)
        let (snapshot, _) = try PlanStore(store).write(outcome.documents, outcome.header)
        logger.debug("wrote the plan", metadata: ["commit": "\(snapshot.commit?.description ?? "none")"])
        if !preparation.cache.isReadOnly { preparation.cache.states.keep(state, of: snapshot.tree) }
        outcome.commit = snapshot.commit?.description
        outcome.store = store
    }

    /// Stores the sources whose checksum was determined by this plan: directories, and files without a checksum in an
    /// opam file. They may change later. The plan refers to them, so that the garbage collection keeps them.
    ///
    /// See docs/decisions/0255-planned-sources.md.
    private func keepSources(of header: PlanHeader, in store: Store) throws {
        for state in (header.sources ?? [:]).values {
            guard let checksum = Checksum(state), let digest = checksum.digest, !store.objects.contains(digest),
                let file = preparation.packageSources.file(with: checksum)
            else { continue }
            try store.objects.put(copying: file)
        }
    }

    /// The plan to compare with: that of a revision of the deployment's branch, or of the planned repository.
    ///
    /// - Throws: `Failure` if neither has such a revision.
    package func plan(at revision: String) async throws -> PlanDocuments {
        let opened = try opened()
        if let opened, let plan = try? PlanStore(opened).documents(deployment, at: revision), try plan.header() != nil {
            return plan
        }
        let kept = try documents(in: opened)
        let header = try kept.header()
        let loaded = try await inputs(at: revision, known: header, in: opened)
        return try await plan(loaded, over: kept, header, state(of: kept)).documents
    }

    /// Explains why a cell is planned and how its versions were chosen. See `Planner.explanation(of:)`.
    package func explanation(of cell: String) async throws -> (text: String, warnings: [Diagnostic]) {
        let loaded = try await inputs(in: opened())
        let text = try await Planner(loaded.inputs, progress: progress).explanation(of: cell)
        return (text, loaded.warnings)
    }

    // MARK: The existing plan

    /// Opens the store; nil if it does not exist or is an empty directory.
    private func opened() throws -> Store? {
        if Store.canBeMade(at: store) { return nil }
        let opened = try Store(opening: store)
        // A bare clone of a store becomes one; any other clone is refused before anything is solved.
        return opened.isClone && !isDry ? try Store(at: store) : opened
    }

    private func documents(in store: Store?) throws -> PlanDocuments {
        guard let store else { return PlanDocuments(base: nil) }
        return try PlanStore(store).documents(deployment)
    }

    private func state(of kept: PlanDocuments) -> IncrementalState? {
        guard let snapshot = kept.base, snapshot.commit != nil else { return nil }
        return preparation.cache.states.state(of: snapshot.tree)
    }
}

extension PlanHeader {
    /// The digests of the sources whose checksum the plan determined, under which the store has them.
    package var sourceDigests: [Digest] { (sources ?? [:]).values.compactMap { Checksum($0)?.digest } }
}

extension MatrixFile {
    /// The matrix as a plan records it; nil if it was not read from a file.
    fileprivate var planned: PlannedMatrix? {
        text.map { text in
            PlannedMatrix(
                path: URL(fileURLWithPath: text.file).standardizedFileURL.path,
                text: String(decoding: text.bytes, as: UTF8.self))
        }
    }
}
