internal import Core
internal import Model
internal import Records
internal import Store

/// One side of a comparison: results, and the parts of their names that are to be the same on both sides.
private struct ComparedColumn {
    var results: [CellResult]
    /// Set where the side is one target.
    var target: String?
    /// Set where the side is one compiler of a target.
    var compiler: String?

    /// The results of this side under the names of the other, so that they can be compared cell by cell.
    func results(renamedAs other: ComparedColumn) -> [CellResult] {
        results.map { result in
            var result = result
            result.cell = Cell(
                target: other.target ?? result.cell.target, compiler: other.compiler ?? result.cell.compiler,
                package: result.cell.package)
            return result
        }
    }
}

extension DeploymentResults {
    /// The cells whose result differs between two columns or revisions.
    ///
    /// - Parameters:
    ///   - before: a target, `TARGET/COMPILER`, or a revision of a branch of results in git's syntax.
    ///   - after: the same. Where both sides are columns, the cells of `before` are compared with those of the same
    ///     package in `after`.
    /// - Throws: `Failure` of the category `input` where a name stands for nothing; `StoreError`.
    package func difference(from before: String, to after: String) throws -> Difference {
        let old = try column(named: before)
        let new = try column(named: after)
        return Difference(before: old.results(renamedAs: new), after: new.results)
    }

    private func column(named name: String) throws -> ComparedColumn {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let target = parts.first, parts.count <= 2, header.columns.contains(where: { $0.target == target }) {
            return try column(of: target, compiler: parts.count == 2 ? parts[1] : nil)
        }
        do {
            return try column(at: name)
        } catch {
            guard let failure = (error as? any ClassifiedError)?.failure, failure.category == .input else {
                throw error
            }
            let targets = Set(header.columns.map(\.target)).sorted()
            let reason = failure.diagnostics.first?.message ?? ""
            throw Failure(
                .input, "'\(name)' is not a target, a column or a revision of results: \(reason)",
                hint: nearest(to: name, in: targets).map { "did you mean '\($0)'?" }
                    ?? "targets are \(targets.joined(separator: ", "))")
        }
    }

    private func column(of target: String, compiler: String?) throws -> ComparedColumn {
        let compilers = header.columns.filter { $0.target == target }.map(\.compiler)
        if let compiler, !compilers.contains(compiler) {
            throw Failure(
                .input, "'\(target)/\(compiler)': '\(target)' has no compiler '\(compiler)'",
                hint: nearest(to: compiler, in: compilers).map { "did you mean '\(target)/\($0)'?" }
                    ?? "it has \(compilers.joined(separator: ", "))")
        }
        let selector = Selector.cells(target: Glob(target), compiler: compiler.map { Glob($0) } ?? .all, package: .all)
        let results = try cells(picked: [selector]).compactMap { try result(of: $0.cell) }
        return ComparedColumn(results: results, target: target, compiler: compiler)
    }

    private func column(at revision: String) throws -> ComparedColumn {
        let snapshot = try store.snapshot(at: revision)
        guard try !snapshot.exists(PlanLayout.header.path) else {
            throw Failure(.input, "it is a plan, which has no results")
        }
        let table = try ResultBranch(deployment: header.deployment, target: "").table(in: snapshot)
        return ComparedColumn(
            results: table.results.filter { $0.key == ResultPath.cell($0.value.cell) }.map(\.value))
    }
}
