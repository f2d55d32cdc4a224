internal import Core
package import Model
internal import Records
internal import Store

/// A summary of a deployment's results: the standings of cells for each target and compiler, for unikernels also for
/// each backend, and the causes of bad cells.
package struct ResultsSummary: Codable, Sendable {
    /// The cells of a target with a compiler.
    package struct Column: Codable, Sendable, Hashable {
        /// The target's name.
        package var target: String
        /// The compiler's name; nil if the row covers all compilers of the target.
        package var compiler: String?
        /// What the unikernels of the row are built for; absent for a row of other packages.
        package var backend: String?
        /// The number of cells with each standing, without zeros.
        package var cells: [Standing: Int]

        /// The name of the column on its target: the compiler, of unikernels with the backend; nil if the row covers
        /// all.
        package var name: String? { compiler.map { Cell.columnName(compiler: $0, backend: backend) } }
    }

    /// The name of the deployment.
    package var deployment: String
    /// The newest run; absent if none was recorded.
    package var run: Int?
    /// The previous run, against which changes are determined; absent if there is none.
    package var previousRun: Int?
    /// The columns, sorted by name.
    package var columns: [Column]
    /// The number of bad cells: failed, blocked, unsolvable or with an infrastructure failure.
    package var bad: Int
    /// The number of cells with a requested retry. Absent if zero.
    package var retries: Int?
    /// The number of causes of the bad cells.
    package var causeCount: Int
    /// The causes that affect the most cells, in descending order.
    package var causes: [Cause]
}

extension DeploymentResults {
    /// The summary of the cells that match the selectors.
    ///
    /// - Parameter limit: The maximum number of causes.
    package func summary(picked selectors: [Selector] = [], causes limit: Int = .max) throws -> ResultsSummary {
        try summary(at: positions(picked: selectors), causes: limit)
    }

    /// The summary of the given cells; nil for all cells.
    ///
    /// - Parameters:
    ///   - limit: The maximum number of causes.
    ///   - run: The run whose changes are counted; nil for the newest one.
    package func summary(of cells: Set<Cell>?, causes limit: Int = .max, run: Int? = nil) throws -> ResultsSummary {
        try summary(at: positions(of: cells), causes: limit, run: run)
    }

    private func summary(at positions: [Int], causes limit: Int, run: Int? = nil) throws -> ResultsSummary {
        let contents = index.contents
        let runs = try RunRecords(of: header.deployment, in: store).newest(limit: 2, upTo: run ?? .max)
        let run = runs.first.map { UInt32(clamping: $0.number) } ?? 0
        var counts: [ColumnKey: [Int]] = [:]
        for position in positions {
            let cell = contents.cells[position]
            let key = ColumnKey(
                target: cell.target, compiler: cell.compiler, backend: contents.backend(of: cell))
            let standing = Int(Standing(at: position, in: contents, run: run).code) - 1
            counts[key, default: [Int](repeating: 0, count: Standing.allCases.count)][standing] += 1
        }
        let columns = counts.map { key, counts in
            ResultsSummary.Column(
                target: contents.texts[key.target], compiler: contents.texts[key.compiler], backend: key.backend,
                cells: Dictionary(uniqueKeysWithValues: zip(Standing.allCases, counts).filter { $1 > 0 }))
        }
        let causes = IndexedCauses(of: positions, in: contents).causes.sorted { $0.count > $1.count }
        // Causes that affect equally many cells are ordered by id.
        let shown = limit < causes.count ? causes.filter { $0.count >= causes[limit].count } : causes
        return ResultsSummary(
            deployment: header.deployment, run: run == 0 ? nil : Int(run), previousRun: runs.dropFirst().first?.number,
            columns: columns.sorted { ($0.target, $0.name ?? "") < ($1.target, $1.name ?? "") },
            bad: causes.reduce(0) { $0 + $1.count },
            retries: retries.isEmpty ? nil : try positions.count { try isRetried(at: $0) }, causeCount: causes.count,
            causes: Array(shown.map { Cause($0, in: contents) }.sorted(by: Self.isWorse).prefix(limit)))
    }

    /// The number of the newest run; 0 if none is recorded.
    func newestRun() throws -> UInt32 {
        try RunRecords(of: header.deployment, in: store).newest(limit: 1).first.map { UInt32(clamping: $0.number) } ?? 0
    }

    static func isWorse(_ left: Cause, _ right: Cause) -> Bool {
        let (isLeftLast, isRightLast) = (left.kind == .ownOCaml, right.kind == .ownOCaml)
        if isLeftLast != isRightLast { return isRightLast }
        return (right.count, left.id) < (left.count, right.id)
    }
}

private struct ColumnKey: Hashable {
    var target: InternedTexts.ID
    var compiler: InternedTexts.ID
    var backend: String?
}
