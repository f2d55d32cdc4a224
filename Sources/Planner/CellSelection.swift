internal import Core
internal import Documents
internal import Matrix
internal import OpamSolver

/// The cells of a column, before anything is solved.
struct ColumnCells: Sendable {
    struct Entry: Sendable {
        var package: Universe.PackageID
        var origin: SelectionOrigin
        var options: RequestOptions
        /// Why it is left out, if it is.
        var exclusion: String?
    }

    var column: Column
    /// In the order of cells.
    var entries: [Entry]
}

/// Turns a matrix into cells, within limits.
struct CellSelection {
    /// Cells of a plan.
    static let cellLimit = 1_000_000

    let matrix: MatrixFile

    /// The cells of all columns.
    ///
    /// - Throws: `Failure` with everything that is wrong with the packages of the matrix, or where there are too many
    ///   cells.
    func cells(of columns: [Column], index: (Column) -> PackageIndexCache) throws -> [ColumnCells] {
        var diagnostics: [Diagnostic] = []
        var cells: [ColumnCells] = []
        var count = 0
        for column in columns {
            let cache = index(column)
            var selector = PackageSelector(matrix: matrix, column: column) { try cache.index() }
            try selector.select()
            diagnostics += selector.diagnostics.filter { !diagnostics.contains($0) }
            count += selector.selected.count
            guard count <= Self.cellLimit else {
                throw tooMany(columns: columns, packages: selector.selected.count)
            }
            cells.append(ColumnCells(column: column, entries: entries(of: selector)))
        }
        guard diagnostics.isEmpty else { throw Failure(.input, diagnostics) }
        guard count > 0 else {
            throw Failure(.input, "the matrix has no cells", at: matrix.deployment.location)
        }
        return cells
    }

    private func entries(of selector: PackageSelector) -> [ColumnCells.Entry] {
        let universe = selector.column.universe.universe
        let target = selector.column.target.name.value
        let compiler = selector.column.compiler.name.value
        let exclusions = matrix.exclude.filter { exclusion in
            exclusion.cells.contains { $0.value.target.matches(target) && $0.value.compiler.matches(compiler) }
        }
        let entries = selector.selected.map { package, origin in
            let name = universe.name(universe.nameID(of: package))
            let version = universe.version(of: package)
            let exclusion = exclusions.first { exclusion in
                exclusion.cells.contains {
                    $0.value.matches(target: target, compiler: compiler, name: name, version: version)
                }
            }
            return (
                key: PackageVersion(name: name, version: version),
                entry: ColumnCells.Entry(
                    package: package, origin: origin,
                    options: RequestOptions(
                        withTest: matrix.withTest.contains(name), withDoc: matrix.withDoc.contains(name),
                        lowerBounds: matrix.lowerBounds.contains(name)), exclusion: exclusion?.reason)
            )
        }
        return entries.sorted { $0.key < $1.key }.map(\.entry)
    }

    /// Says how many cells there would be, and which axis is to blame.
    private func tooMany(columns: [Column], packages: Int) -> Failure {
        let axes = [
            ("targets", matrix.targets.count), ("compilers", matrix.compilers.count), ("packages", packages),
        ]
        let usual = ["targets": 8, "compilers": 4, "packages": 20_000]
        let greatest = axes.max { left, right in
            Double(left.1) / Double(usual[left.0] ?? 1) < Double(right.1) / Double(usual[right.0] ?? 1)
        }
        let product = axes.map { "\($0.1) \($0.0)" }.joined(separator: " × ")
        return Failure(
            .input,
            "the matrix has about \(columns.count * packages) cells (\(product)), more than \(Self.cellLimit)",
            at: matrix.deployment.location,
            hint: greatest.map { "there are most of '\($0.0)': list fewer" })
    }
}

/// The index of a source, read once when the first selection needs it.
final class PackageIndexCache {
    private let source: any PackageSource
    private var read: PackageIndex?

    init(_ source: any PackageSource) {
        self.source = source
    }

    func index() throws -> PackageIndex {
        if let read { return read }
        let index = try PackageIndex(source)
        read = index
        return index
    }
}
