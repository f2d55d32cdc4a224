internal import Model
internal import Review

/// A target with a compiler, for unikernels with a backend.
struct SiteColumn: Hashable, Comparable {
    let target: String
    let compiler: String

    init(_ cell: Cell) {
        (target, compiler) = (cell.target, cell.columnName)
    }

    /// `TARGET/COMPILER`.
    var name: String { "\(target)/\(compiler)" }

    static func < (left: SiteColumn, right: SiteColumn) -> Bool {
        (left.target, left.compiler) < (right.target, right.compiler)
    }
}

/// The columns of a site, and short descriptions of sets of them.
struct SiteColumns: Sendable {
    /// The targets with their compilers, sorted.
    let all: [SiteColumn]
    /// The names of the targets, sorted.
    let targetNames: [String]
    /// The number of cells in each standing by column.
    let standings: [SiteColumn: [Standing: Int]]
    private let ofCompilers: [(name: String, columns: [SiteColumn])]
    private let ofTargets: [(name: String, columns: [SiteColumn])]

    /// The columns of cells.
    init(_ cells: [ListedCell]) {
        var standings: [SiteColumn: [Standing: Int]] = [:]
        for cell in cells { standings[SiteColumn(cell.state.cell), default: [:]][cell.standing, default: 0] += 1 }
        self.standings = standings
        all = standings.keys.sorted()
        ofCompilers = Dictionary(grouping: all, by: \.compiler).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        ofTargets = Dictionary(grouping: all, by: \.target).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        targetNames = ofTargets.map(\.name)
    }

    /// A short description of columns: "all columns", a compiler on all targets, or a target for all its compilers.
    func words(for cells: some Sequence<Cell>) -> String {
        var hit = Set(cells.lazy.map(SiteColumn.init))
        if hit.count == all.count, all.count > 1 { return "all \(all.count) columns" }
        var parts: [String] = []
        for (compiler, columns) in ofCompilers where columns.count > 1 && columns.allSatisfy(hit.contains) {
            parts.append("\(compiler) on all \(columns.count) targets")
            hit.subtract(columns)
        }
        for (target, columns) in ofTargets {
            let some = columns.filter(hit.contains)
            guard !some.isEmpty else { continue }
            let isWhole = some.count > 1 && some.count == columns.count
            parts.append(isWhole ? target : "\(target)/\(some.map(\.compiler).joined(separator: ", "))")
        }
        return parts.joined(separator: " · ")
    }
}
