internal import Core
internal import Matrix
internal import OpamFormat
internal import OpamSolver
internal import YAML

/// Checks the compilers and pins of a matrix against the repositories.
struct RepositoryChecks {
    private let matrix: MatrixFile
    private let stacks: [(positions: [Int], universe: Universe)]

    init(_ inputs: PlanInputs) {
        matrix = inputs.matrix
        stacks = inputs.stacks.map { ($0.positions, $0.source.universe) }
    }

    /// All mistakes, in the order of the matrix.
    var mistakes: [Diagnostic] {
        if stacks.isEmpty { return [] }
        var mistakes: [Diagnostic] = []
        for compiler in matrix.compilers { mistakes += self.mistakes(in: compiler) }
        for pin in matrix.pins {
            if let mistake = mistake(in: pin) { mistakes.append(mistake) }
        }
        return mistakes
    }

    // MARK: Compilers

    private func mistakes(in compiler: CompilerEntry) -> [Diagnostic] {
        let universes = universes(for: compiler)
        let entries = [compiler.name.location, compiler.name.location] + compiler.packages.map(\.location)
        // A system compiler adds two roots, other compilers one.
        let locations = compiler.isSystem ? entries : Array(entries.dropFirst())
        var found: [Diagnostic] = []
        for (index, root) in Column.roots(of: compiler).enumerated() {
            let isVersion = index < (compiler.isSystem ? 2 : 1)
            // If 'ocaml' lacks the version, 'ocaml-system' is not reported as well.
            if isVersion, !found.isEmpty { continue }
            if universes.contains(where: { has(root, $0) }) { continue }
            let package = root.versions.isEmpty ? root.name.text : root.description
            let what = isVersion ? "version \(compiler.version) of '\(root.name)'" : "'\(package)'"
            found.append(
                diagnostic(
                    "compiler '\(compiler.name.value)': no repository has \(what)", at: locations[index],
                    near: isVersion ? compiler.version : nil, of: root.name.text, in: universes))
        }
        return found
    }

    /// The universes in which cells of the compiler are solved; all universes if it has no cells.
    private func universes(for compiler: CompilerEntry) -> [Universe] {
        let positions = Set(
            PlanInputs.pairs(of: matrix).filter { $0.compiler.name.value == compiler.name.value }.map { pair in
                PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler)
            })
        let counting = stacks.filter { positions.contains($0.positions) }
        return (counting.isEmpty ? stacks : counting).map(\.universe)
    }

    private func has(_ root: PackageConstraint, _ universe: Universe) -> Bool {
        guard let name = universe.nameID(root.name.text) else { return false }
        return universe.versions(of: name).contains { package in
            root.versions.isEmpty || root.versions.allows(Version(unchecked: universe.version(of: package)))
        }
    }

    // MARK: Pins

    /// The error for a pin to a version that no repository has, which would make every dependent cell unsolvable.
    private func mistake(in pin: Pin) -> Diagnostic? {
        let version = Version(unchecked: pin.version)
        let universes = stacks.map(\.universe)
        let isThere = universes.contains { universe in
            universe.nameID(pin.name.value).map { name in
                universe.versions(of: name).contains { Version(unchecked: universe.version(of: $0)) == version }
            } ?? false
        }
        if isThere { return nil }
        return diagnostic(
            "pin '\(pin.name.value)': no repository has a version \(pin.version) of it", at: pin.name.location,
            near: nil,
            of: pin.name.value, in: universes)
    }

    // MARK: Messages

    /// - Parameter version: The requested version, which may be misspelt.
    private func diagnostic(
        _ message: String, at location: SourceLocation, near version: String?, of name: String, in universes: [Universe]
    ) -> Diagnostic {
        let known =
            universes.map { universe in
                universe.nameID(name).map { universe.versions(of: $0).map(universe.version(of:)) } ?? []
            }.max { $0.count < $1.count } ?? []
        let guess = version.flatMap { nearest(to: $0, in: known.reversed()) }
        let newest = known.suffix(5).reversed().joined(separator: ", ")
        let hint = guess.map { "did you mean '\($0)'?" } ?? (known.isEmpty ? nil : "the newest are \(newest)")
        return matrix.sources.diagnostic(.error, message, at: location, hint: hint)
    }
}
