internal import Model

/// Finds the root causes of failures on one side of a comparison.
struct FailureRoots {
    /// The root cause of a cell's state.
    struct Root {
        /// The cell itself or the one that blocks it; nil if the failure is not that of a package.
        var cell: Cell?
        /// The normalised error line, if any.
        var signature: String?
        /// The id of the cause.
        var cause: String?
    }

    /// The failures found so far: many cells are blocked by the same one.
    private final class Found {
        var cells: [Cell: ComparedCell?] = [:]
    }

    private let failure: (Cell) throws -> ComparedCell?
    private let found = Found()

    /// - Parameter failure: Finds the failed cell or job with a name; nil if none is known to have failed. It is called
    ///   once for each cell.
    init(_ failure: @escaping (Cell) throws -> ComparedCell?) {
        self.failure = failure
    }

    private func failed(_ cell: Cell) throws -> ComparedCell? {
        if let known = found.cells[cell] { return known }
        let failed = try failure(cell)
        found.cells[cell] = .some(failed)
        return failed
    }

    /// Uses the failures among the given cells.
    init(of cells: [ComparedCell]) {
        let failures = Dictionary(
            cells.lazy.filter { $0.outcome == .failure || $0.outcome == .infrastructure }.map { ($0.cell, $0) },
            uniquingKeysWith: { first, _ in first })
        self.init { failures[$0] }
    }

    /// The failure that blocks a cell; nil if none is known.
    private func blocker(of state: ComparedCell) throws -> ComparedCell? {
        try state.blockedBy.flatMap { package in
            try failed(Cell(target: state.cell.target, compiler: state.cell.compiler, package: package))
        }
    }

    /// The state with what blocks it at that time: nothing is known about a cell that an infrastructure failure blocks.
    func decided(_ state: ComparedCell) throws -> ComparedCell {
        guard state.outcome == .blocked, let blocker = try blocker(of: state) else { return state }
        var state = state
        state.isBlockedByInfrastructure = blocker.outcome == .infrastructure
        return state
    }

    /// The root cause of a state; nil if the cell is good or unknown.
    func root(of state: ComparedCell) throws -> Root? {
        switch state.outcome {
        case .failure: return Root(cell: state.cell, signature: state.signature, cause: state.causeKey?.id)
        case .unsolvable: return Root(cell: state.cell, cause: state.causeKey?.id)
        case .infrastructure: return Root(cause: state.causeKey?.id)
        case .blocked:
            guard let package = state.blockedBy else { return Root(cell: state.cell, cause: state.causeKey?.id) }
            let cell = Cell(target: state.cell.target, compiler: state.cell.compiler, package: package)
            let failed = try blocker(of: state)
            return Root(cell: cell, signature: failed?.signature, cause: (failed ?? state).causeKey?.id)
        case .success, .cancelled, nil: return nil
        }
    }
}

extension ComparedCell {
    /// The cause of a cell that is bad itself, or is blocked by something that is not known to fail.
    fileprivate var causeKey: CauseKey<String>? {
        outcome.flatMap { outcome in
            CauseKey(
                CauseFacts(
                    outcome: outcome, name: cell.package.name, signature: signature, isWeak: isWeak, reason: reason,
                    blockedBy: blockedBy?.description, isBlockedByInfrastructure: isBlockedByInfrastructure,
                    unsolvableClass: constraint?.class,
                    sentence: constraint?.sentence ?? reason?.split(separator: "\n").last.map(String.init)))
        }
    }
}
