internal import Model

/// A part of the table of results: the columns with a target, a compiler and a backend. A missing property covers all
/// of its values.
struct TablePart: Sendable, Hashable {
    /// The target's name.
    var target: String?
    /// The compiler's name.
    var compiler: String?
    /// The backend of unikernels, or the beginning of its name up to a `+`: `spt` covers `spt+World`, too.
    var backend: String?

    /// A property of columns.
    enum Property: String {
        case target, compiler, backend
    }

    private var properties: [(property: Property, value: String?)] {
        [(.target, target), (.compiler, compiler), (.backend, backend)]
    }

    /// Whether the cell is in this part.
    func contains(_ cell: Cell) -> Bool {
        (target == nil || cell.target == target) && (compiler == nil || cell.compiler == compiler)
            && (backend == nil || cell.package.backend.map(containsBackend) ?? false)
    }

    /// Whether a backend is in this part.
    func containsBackend(_ name: String) -> Bool {
        backend.map { name == $0 || name.hasPrefix("\($0)+") } ?? true
    }

    /// The common part: missing properties are those of another part.
    func restricted(to other: TablePart) -> TablePart {
        TablePart(
            target: target ?? other.target, compiler: compiler ?? other.compiler, backend: backend ?? other.backend)
    }

    /// The property that only one of two different parts has, so that their cells cannot be compared one by one; nil if
    /// they can be.
    func obstacle(toComparingWith other: TablePart) -> Property? {
        let pairs = zip(properties, other.properties)
        guard pairs.contains(where: { $0.value != nil && $1.value != nil && $0.value != $1.value }) else { return nil }
        return pairs.first { ($0.value == nil) != ($1.value == nil) }?.0.property
    }

    /// The name that a cell of this part has in another part.
    func renamed(_ cell: Cell, in other: TablePart) -> Cell {
        var package = cell.package
        if let backend, let replacement = other.backend, let name = package.backend, containsBackend(name) {
            package = PackageVersion(
                name: package.name,
                version: package.withoutBackend.version + "@" + replacement + name.dropFirst(backend.count))
        }
        return Cell(
            target: target == other.target ? cell.target : other.target ?? cell.target,
            compiler: compiler == other.compiler ? cell.compiler : other.compiler ?? cell.compiler, package: package)
    }
}
