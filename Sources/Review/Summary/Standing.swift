internal import Model

/// The state of a cell compared with its previous state. Every cell has exactly one standing.
package enum Standing: String, Codable, Sendable, CaseIterable, CodingKeyRepresentable {
    /// Good, as before.
    case ok
    /// Good, and was not good before.
    case fixed
    /// A failure, and was good before.
    case broken
    /// A failure, and was never built before.
    case new
    /// A failure, as before.
    case stillFailing = "still failing"
    case flaky
    /// Blocked by a failure of another package.
    case blocked
    /// An infrastructure failure, or blocked by one: nothing is known about the package.
    case infrastructure
    /// No set of versions satisfies the request.
    case unsolvable
    /// The package itself excludes the compiler.
    case ownOCaml = "own OCaml bound"
    case cancelled, pending, excluded

    /// - Parameters:
    ///   - position: The index of the cell.
    ///   - run: The newest run, whose changes count as new; 0 if runs are unknown.
    init(at position: Int, in contents: IndexContents, run: UInt32) {
        let cell = contents.cells[position]
        guard cell.basis != .excluded else {
            self = .excluded
            return
        }
        let verdict = cell.verdict
        let isNews = verdict.map { run == 0 || $0.run == run } ?? false
        switch cell.outcome {
        case nil: self = .pending
        case .success:
            self = isNews && verdict?.change == .fixed ? .fixed : isNews && verdict?.change == .flaky ? .flaky : .ok
        case .failure:
            switch verdict?.change {
            case .broken where isNews: self = .broken
            case .flaky: self = .flaky
            case .new where isNews: self = .new
            default: self = .stillFailing
            }
        case .blocked: self = contents.isBlockedByInfrastructure(at: position) ? .infrastructure : .blocked
        case .unsolvable:
            self = UnsolvableCause.Class(code: cell.causeCode) == .ownOCaml ? .ownOCaml : .unsolvable
        case .infrastructure: self = .infrastructure
        case .cancelled: self = .cancelled
        }
    }

    /// The heading of its column in tables.
    var heading: String {
        switch self {
        case .infrastructure: "infra"
        case .ownOCaml: "own bound"
        default: rawValue
        }
    }
}
