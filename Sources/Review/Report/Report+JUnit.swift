internal import Model

extension Report {
    /// JUnit XML for CI servers: a suite for each column, a test case for each cell. Unikernels have a column for each
    /// backend, as in tables.
    ///
    /// A failed package is a `failure`, an infrastructure failure and a cell blocked by one are an `error`; cells that were
    /// not tried and accepted failures are `skipped`.
    package func junitDocument() -> String {
        var document = Markup(prologue: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
        let columns = Dictionary(grouping: cells, by: \.cell.fullColumnName)
        document.element("testsuites", ["name": status.deployment]) { document in
            for (name, states) in columns.sorted(by: { $0.key < $1.key }) {
                let kinds = Dictionary(grouping: states, by: JUnitKind.init).mapValues(\.count)
                document.element(
                    "testsuite",
                    [
                        "name": name, "tests": "\(states.count)", "failures": "\(kinds[.failure] ?? 0)",
                        "errors": "\(kinds[.error] ?? 0)", "skipped": "\(kinds[.skipped] ?? 0)",
                        "time": seconds(states.compactMap(\.duration).reduce(0, +)),
                    ]
                ) { document in
                    for state in states { write(state, in: name, to: &document) }
                }
            }
        }
        return document.text
    }

    private func write(_ state: CellState, in suite: String, to document: inout Markup) {
        document.element(
            "testcase",
            [
                "classname": suite, "name": state.cell.package.withoutBackend.description,
                "time": seconds(state.duration ?? 0),
            ]
        ) { document in
            switch JUnitKind(state) {
            case .passed: break
            case .failure, .error:
                document.element(
                    JUnitKind(state).rawValue, ["message": state.reason ?? state.words, "type": state.words],
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

    init(_ state: CellState) {
        self =
            switch state.outcome {
            case .success: .passed
            case .failure: state.accepted == nil ? .failure : .skipped
            case .infrastructure: .error
            case .blocked: state.isVerdict ? .skipped : .error
            case .unsolvable, .cancelled, nil: .skipped
            }
    }
}
