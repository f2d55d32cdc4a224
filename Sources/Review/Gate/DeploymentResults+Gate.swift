internal import Core
package import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// Whether the required cells that the selectors match may pass.
    ///
    /// - Parameters:
    ///   - selectors: none matches all cells.
    ///   - base: the name of the state that the cells are compared with; nil: every required cell must be good.
    ///   - allowsMissing: whether cells that the base has and the plan no longer has are left out.
    /// - Throws: `Failure` of the category `input` where a selector matches no cell, or `base` stands for nothing;
    ///   `StoreError`.
    package func gate(_ selectors: [Selector], base: String?, allowsMissing: Bool) throws -> Gate {
        try check(selectors)
        let advisory = Set(header.targets.filter { !$0.required }.map(\.name))
        let states = try states(picked: selectors)
        guard let base else { return Gate(states, advisory: advisory) }
        let side = try side(named: base, areVerdicts: true)
        guard !side.isColumn else {
            throw Failure(
                .input, "'\(base)' is a column as it is now", hint: "a gate compares with an earlier state: --base RUN")
        }
        let missing = allowsMissing ? [] : try self.missing(from: side, selectors, advisory)
        return Gate(states, advisory: advisory, base: side, missing: missing)
    }

    /// The cells of a base that its plan requires and this plan has in no version of the package.
    private func missing(
        from base: ComparisonSide, _ selectors: [Selector], _ advisory: Set<String>
    ) throws -> [ComparedCell] {
        guard let plan = base.plan else { return [] }
        let present = Set(try cells(picked: []).map(\.cell.position))
        return try base.cells.filter { cell in
            guard !present.contains(cell.cell.position), !advisory.contains(cell.cell.target),
                selectors.isEmpty || selectors.contains(where: { $0.picks(cell.cell, result: nil) })
            else { return false }
            let shard = CellShard(
                target: cell.cell.target, compiler: cell.cell.compiler, package: cell.cell.package.name)
            return try plan.cells(in: shard).contains { $0.cell == cell.cell && $0.required }
        }
    }
}
