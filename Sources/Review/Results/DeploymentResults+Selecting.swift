internal import Core
package import Model
internal import Records

extension DeploymentResults {
    /// The state of the only cell that a selector matches. If it matches none, the state of the only job that it names
    /// and that ran as an input of other cells.
    ///
    /// - Throws: `Failure` of the category `input` if it matches none or several.
    package func state(picked selector: Selector) throws -> CellState {
        let states = try states(named: selector)
        guard let state = states.first else { throw try nothing(pickedBy: selector) }
        guard states.count == 1 else {
            let names = states.prefix(5).map(\.cell.description).joined(separator: ", ")
            throw Failure(
                .input, "'\(selector)' matches \(states.count) cells: \(names)\(states.count > 5 ? ", …" : "")",
                hint: "name one of them")
        }
        return state
    }

    /// The states of the cells that a selector matches; if it matches none, those of jobs that it names and that decide
    /// no cell.
    func states(named selector: Selector) throws -> [CellState] {
        let states = try states(picked: [selector])
        return states.isEmpty ? try recordedInputs(picked: selector) : states
    }

    /// Checks that each selector matches a cell of the plan, and that a cell matches all of them together.
    ///
    /// - Throws: `Failure` of the category `input` for the first one that does not, with suggestions.
    package func check(_ selectors: [Selector]) throws {
        for selector in selectors {
            // A negated selector may match no cell, but names in it must exist.
            if case .not(let inner) = selector {
                guard case .cells = inner else { continue }
                if try positions(picked: [inner]).isEmpty { throw try nothing(pickedBy: inner) }
                if try positions(picked: [selector]).isEmpty { throw try nothing(pickedBy: selector) }
            }
            if try positions(picked: [selector]).isEmpty { throw try nothing(pickedBy: selector) }
        }
        if selectors.count > 1, try positions(picked: selectors).isEmpty {
            let words = selectors.map { "'\($0)'" }.joined(separator: " ")
            throw Failure(
                .input, "no cell matches all of \(words)",
                hint: "selectors of one kind are alternatives, and a cell has to match one of each kind")
        }
    }

    /// The error for a selector that matches no cell, with suggestions.
    private func nothing(pickedBy selector: Selector) throws -> Failure {
        let (message, hint) = try reason(for: selector)
        return Failure(.input, "no cell matches '\(selector)'" + (message.map { ": \($0)" } ?? ""), hint: hint)
    }

    private func reason(for selector: Selector) throws -> (message: String?, hint: String?) {
        let list = "'ci results --all' lists the cells"
        func words(_ what: String, _ words: some Sequence<String>) -> String {
            let words = Set(words).sorted()
            return words.isEmpty
                ? list
                : "\(what) are \(words.prefix(12).joined(separator: ", "))"
                    + (words.count > 12 ? ", …" : "")
        }
        let source = try SubjectSource(Selection([selector]), in: self)
        let subjects = index.plannedPositions.lazy.map { IndexedSubject(position: $0, source: source) }
        switch selector {
        case .outcome: return (nil, words("the states of the cells", subjects.compactMap(\.state)))
        case .change: return (nil, words("the changes of the cells", subjects.compactMap { $0.change?.rawValue }))
        case .kind: return (nil, words("the kinds of the failures", subjects.compactMap(\.kind)))
        case .signature: return (nil, "'ci explain' shows the signature of a failure")
        case .maintainer: return (nil, words("maintainers", subjects.flatMap(\.maintainers)))
        case .tag: return (nil, words("tags", subjects.flatMap(\.tags)))
        case .log where source.missingLogs > 0:
            return (nil, "\(count(source.missingLogs, "log")) of failures are no longer in this store")
        case .task, .since, .log, .not: return (nil, list)
        case .cells(let target, let compiler, let package):
            let columns = header.columns
            let targets = Set(columns.map(\.target)).sorted()
            guard targets.contains(where: target.matches) else {
                return unknown("target", target.pattern, among: targets)
            }
            let compilers = Set(columns.filter { target.matches($0.target) }.map(\.compiler)).sorted()
            guard compilers.contains(where: compiler.matches) else {
                return unknown("compiler", compiler.pattern, among: compilers)
            }
            let packages = index.plannedPositions.map { index.contents.cell(at: $0).package }
            let name = PackageVersion(package.pattern)?.name ?? package.pattern
            let versions = packages.filter { $0.name == name }.map(\.description)
            if !versions.isEmpty {
                return unknown("package", package.pattern, among: Array(Set(versions)).sorted())
            }
            let near = nearest(to: name, in: Set(packages.map(\.name)).sorted())
            return ("the plan has no package '\(package)'", near.map { "did you mean '\($0)'?" } ?? list)
        }
    }

    /// The states of jobs that decide no cell and whose names match a selector of cells.
    private func recordedInputs(picked selector: Selector) throws -> [CellState] {
        guard case .cells = selector else { return [] }
        return try index.inputPositions.filter { selector.picks(name: index.contents.cell(at: $0)) }
            .compactMap { try index.result(at: $0, in: store) }.map(CellState.init(recorded:))
    }

    private func unknown(_ kind: String, _ name: String, among known: [String]) -> (String?, String?) {
        let hint =
            nearest(to: name, in: known).map { "did you mean '\($0)'?" }
            ?? "there is \(known.prefix(8).joined(separator: ", "))\(known.count > 8 ? ", …" : "")"
        return ("there is no \(kind) '\(name)' there", hint)
    }
}
