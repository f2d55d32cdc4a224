internal import Model

extension Report {
    /// JUnit XML for CI servers: a suite for each column, a test case for each cell. Unikernels have a column for each
    /// backend, as in tables.
    ///
    /// A failed package is a `failure`, an infrastructure failure and a cell blocked by one are an `error`; cells that
    /// were not tried and accepted failures are `skipped`. So is a cell that a failed package blocks, if the report has
    /// the failure; if not, because the job that failed decides no cell, its cell was not picked or its failure is
    /// accepted, the blocked cell is the `failure`. So is a cell that fails in another way than the matrix accepts.
    package func junitDocument() -> String {
        let failed = Set(cells.filter { $0.outcome == .failure && !$0.isAcceptedFailure }.map(\.cell))
        var document = Markup(prologue: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        let columns = Dictionary(grouping: cells, by: \.cell.fullColumnName)
        document.element("testsuites", ["name": status.deployment]) { document in
            for (name, states) in columns.sorted(by: { $0.key < $1.key }) {
                let judged = states.map { ($0, JUnitKind($0, failed)) }
                let kinds = Dictionary(judged.map { ($0.1, 1) }, uniquingKeysWith: +)
                document.element(
                    "testsuite",
                    [
                        "name": name, "tests": "\(states.count)", "failures": "\(kinds[.failure] ?? 0)",
                        "errors": "\(kinds[.error] ?? 0)", "skipped": "\(kinds[.skipped] ?? 0)",
                        "time": seconds(states.compactMap(\.duration).reduce(0, +)),
                    ]
                ) { document in
                    for (state, kind) in judged { write(state, as: kind, in: name, to: &document) }
                }
            }
        }
        return document.text
    }

    private func write(_ state: CellState, as kind: JUnitKind, in suite: String, to document: inout Markup) {
        document.element(
            "testcase",
            [
                "classname": suite, "name": state.cell.package.withoutBackend.description,
                "time": seconds(state.duration ?? 0),
            ]
        ) { document in
            switch kind {
            case .passed: break
            case .failure, .error:
                document.element(
                    kind.rawValue, ["message": state.reason ?? state.words, "type": state.words],
                    text: state.signature ?? "")
            case .skipped:
                document.element("skipped", ["message": state.accepted ?? state.reason ?? state.words], text: "")
            }
        }
    }

    private func seconds(_ duration: Double) -> String { "\((duration * 1000).rounded() / 1000)" }
}

/// The status of a test case.
private enum JUnitKind: String {
    case passed, failure, error, skipped

    /// - Parameter failed: The cells that the report has as failures.
    init(_ state: CellState, _ failed: Set<Cell>) {
        self =
            switch state.outcome {
            case .success: .passed
            case .failure: state.isAcceptedFailure ? .skipped : .failure
            case .infrastructure: .error
            case .blocked: !state.isVerdict ? .error : Self.isExplained(state, by: failed) ? .skipped : .failure
            case .unsolvable, .cancelled, nil: .skipped
            }
    }

    /// Whether a blocked cell is accepted, or what blocks it is a failure of the report.
    private static func isExplained(_ state: CellState, by failed: Set<Cell>) -> Bool {
        if state.isAcceptedFailure { return true }
        return state.blockedBy.map {
            failed.contains(Cell(target: state.cell.target, compiler: state.cell.compiler, package: $0))
        } ?? false
    }
}
