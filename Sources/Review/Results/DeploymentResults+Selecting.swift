internal import Core
package import Model
internal import Records

extension DeploymentResults {
    /// The state of the one cell that a selector matches. Where it matches none, the state of the one job that it names
    /// and that was run only because other cells are built over it.
    ///
    /// - Throws: `Failure` of the category `input` where it matches none or several.
    package func state(picked selector: Selector) throws -> CellState {
        var states = try states(picked: [selector])
        if states.isEmpty { states = try recordedInputs(picked: selector) }
        guard let state = states.first else { throw try nothing(pickedBy: selector) }
        guard states.count == 1 else {
            let names = states.prefix(5).map(\.cell.description).joined(separator: ", ")
            throw Failure(
                .input, "'\(selector)' matches \(states.count) cells: \(names)\(states.count > 5 ? ", …" : "")",
                hint: "name one of them")
        }
        return state
    }

    /// Checks that each selector matches a cell of the plan.
    ///
    /// - Throws: `Failure` of the category `input` for the first that does not, with what may have been meant.
    package func check(_ selectors: [Selector]) throws {
        for selector in selectors where try cells(picked: [selector]).isEmpty {
            throw try nothing(pickedBy: selector)
        }
    }

    /// Why a selector picks no cell, and what may have been meant.
    private func nothing(pickedBy selector: Selector) throws -> Failure {
        let (message, hint) = try reason(for: selector)
        return Failure(.input, "no cell matches '\(selector)'" + (message.map { ": \($0)" } ?? ""), hint: hint)
    }

    private func reason(for selector: Selector) throws -> (message: String?, hint: String?) {
        let list = "'ci results' lists the cells"
        switch selector {
        case .outcome:
            let states = try Set(self.states(picked: []).map(\.state)).sorted()
            return (nil, states.isEmpty ? list : "the states of the cells are \(states.joined(separator: ", "))")
        case .signature: return (nil, "'ci explain' shows the signature of a failure")
        case .task:
            return (nil, list)
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
            let packages = index.plannedPlaces.map { index.contents.cell(at: $0).package }
            let name = PackageVersion(package.pattern)?.name ?? package.pattern
            let versions = packages.filter { $0.name == name }.map(\.description)
            if !versions.isEmpty {
                return unknown("package", package.pattern, among: Array(Set(versions)).sorted())
            }
            let near = nearest(to: name, in: Set(packages.map(\.name)).sorted())
            return ("the plan has no package '\(package)'", near.map { "did you mean '\($0)'?" } ?? list)
        }
    }

    /// The states of jobs that decide no cell, and that a selector of cells picks by their names.
    private func recordedInputs(picked selector: Selector) throws -> [CellState] {
        guard case .cells = selector else { return [] }
        return try index.inputPlaces.filter { selector.picks(index.contents.cell(at: $0), result: nil) }
            .compactMap { try index.result(at: $0, in: store) }.map(CellState.init(recorded:))
    }

    private func unknown(_ kind: String, _ name: String, among known: [String]) -> (String?, String?) {
        let hint =
            nearest(to: name, in: known).map { "did you mean '\($0)'?" }
            ?? "there is \(known.prefix(8).joined(separator: ", "))\(known.count > 8 ? ", …" : "")"
        return ("there is no \(kind) '\(name)' there", hint)
    }
}
