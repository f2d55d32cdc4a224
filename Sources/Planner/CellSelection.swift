internal import Core
internal import Matrix
internal import Model
internal import OpamSolver
internal import Synchronization
internal import YAML

/// The cells of a column, before anything is solved.
struct ColumnCells: Sendable {
    struct Entry: Sendable {
        var package: Universe.PackageID
        var origin: SelectionOrigin
        var options: RequestOptions
        /// The reason why the matrix excludes the cell, if it does.
        var exclusion: String?
    }

    var column: Column
    /// The cells, in order.
    var entries: [Entry]
}

/// Selects the cells of a matrix, within limits.
struct CellSelection: Sendable {
    /// The default limit of the cells of a plan.
    static let usualLimit = 1_000_000

    let matrix: MatrixFile
    var limit = usualLimit

    /// Whether packages are selected only by their own names and versions, so that the cells of a few names can be
    /// selected without considering the others.
    var isByName: Bool {
        (matrix.packages + matrix.sets.values.joined()).allSatisfy { selection in
            switch selection.source.value {
            case .all, .patterns, .set, .except: true
            case .tag, .maintainer, .reverseDependencies: false
            }
        }
    }

    /// The cells of a column.
    ///
    /// - Parameters:
    ///   - scope: the names whose cells are needed; nil for all. Requires `isByName`.
    ///   - index: the index of the column's repositories.
    /// - Returns: the cells, and the errors in the matrix, which do not depend on the scope.
    /// - Throws: `Failure` if the repository cannot be read, or there are too many cells.
    func cells(
        of column: Column, scope: Set<String>? = nil, index: PackageIndexCache
    ) throws -> (cells: ColumnCells, diagnostics: [Diagnostic]) {
        let universe = column.universe.universe
        var selector = PackageSelector(
            matrix: matrix, column: column, scope: scope.map { Set($0.compactMap(universe.nameID)) },
            index: { try index.index() })
        try selector.select()
        try check(selector.selected.count, packages: selector.selected.count)
        return (ColumnCells(column: column, entries: entries(of: selector)), selector.diagnostics)
    }

    /// - Parameters:
    ///   - count: the number of all cells.
    ///   - packages: the number of packages of a column.
    /// - Throws: `Failure` if there are too many cells.
    func check(_ count: Int, packages: Int) throws {
        guard count <= limit else { throw tooMany(packages: packages) }
    }

    /// The number of cells of a column.
    func count(of column: Column, index: PackageIndexCache) throws -> Int {
        var selector = PackageSelector(matrix: matrix, column: column, index: { try index.index() })
        try selector.select()
        return selector.selected.count
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

    /// The error that states the number of cells and the axis that contributes most.
    private func tooMany(packages: Int) -> Failure {
        let columns = PlanInputs.pairs(of: matrix).count
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
            [
                matrix.sources.diagnostic(
                    .error, "the matrix has about \(columns * packages) cells (\(product)), more than \(limit)",
                    at: matrix.deployment.location,
                    hint: greatest.map { "'\($0.0)' contributes most: list fewer" })
            ])
    }
}

/// The index of a source, created once when a selection first needs it.
final class PackageIndexCache: Sendable {
    private let source: any PackageSource
    private let read = Mutex<PackageIndex?>(nil)

    init(_ source: any PackageSource) {
        self.source = source
    }

    func index() throws -> PackageIndex {
        try read.withLock { read in
            if let read { return read }
            let index = try PackageIndex(source)
            read = index
            return index
        }
    }
}
