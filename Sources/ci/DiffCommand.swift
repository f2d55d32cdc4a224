internal import ArgumentParser
internal import Core
internal import Documents
internal import Records
internal import Review
internal import Store

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Print which cells stand otherwise in B than in A.",
        discussion: """
            A and B are each a target (debian-12), a column (debian-12/5.3.0), or a revision of a branch of results as git \
            has them (results/opam/debian-12~20, a commit). Exits with 1 if some cell is good in A and not in B.
            """)

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Argument(help: "The state before.")
    var before: String

    @Argument(help: "The state after.")
    var after: String

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let old = try reader.column(named: before)
        let new = try reader.column(named: after)
        let difference = Difference(before: old.results(laidOver: new), after: new.results)
        try show(difference.changes)
        if difference.changes.contains(where: { $0.verdict == .broken }) { throw Ending(status: .notGood) }
    }

    private func show(_ changes: [Difference.Change]) throws {
        switch format {
        case .json:
            try printJSON(changes)
        case .csv:
            StandardOutput.print("cell,verdict,before,after,reason")
            for change in changes {
                let fields = [
                    change.cell.description, change.verdict.rawValue, change.before, change.after, change.reason,
                ]
                StandardOutput.print(fields.map { csvField($0 ?? "") }.joined(separator: ","))
            }
        case .text:
            var table = TextTable()
            for change in changes {
                table.add([
                    change.verdict.rawValue, change.cell.description,
                    "\(change.before ?? "none") → \(change.after ?? "none")", change.reason ?? "",
                ])
            }
            for line in table.lines() { StandardOutput.print(line) }
        }
    }
}

/// One side of a comparison: results, and the parts of their names that are to be the same on both sides.
struct ComparedColumn {
    var results: [CellResult]
    /// Set where the side is one target.
    var target: String?
    /// Set where the side is one compiler of a target.
    var compiler: String?

    /// The results of this side under the names of the other, so that they can be compared cell by cell.
    func results(laidOver other: ComparedColumn) -> [CellResult] {
        results.map { result in
            var result = result
            result.cell = Cell(
                target: other.target ?? result.cell.target, compiler: other.compiler ?? result.cell.compiler,
                package: result.cell.package)
            return result
        }
    }
}

extension ResultsReader {
    /// The results that a target, `TARGET/COMPILER`, or a revision names.
    ///
    /// - Throws: `Failure` where it names nothing.
    func column(named name: String) throws -> ComparedColumn {
        let targets = Set(header.columns.map(\.target))
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let target = parts.first, targets.contains(target), parts.count <= 2 {
            let compiler = parts.count == 2 ? parts[1] : nil
            let compilers = header.columns.filter { $0.target == target }.map(\.compiler)
            if let compiler, !compilers.contains(compiler) {
                throw Failure(
                    .input, "'\(name)': '\(target)' has no compiler '\(compiler)'",
                    hint: nearest(to: compiler, in: compilers).map { "did you mean '\(target)/\($0)'?" }
                        ?? "it has \(compilers.joined(separator: ", "))")
            }
            let side = Selector.cells(
                target: Glob(target), compiler: compiler.map { Glob($0) } ?? .all, package: .all)
            let results = try cells(picked: [side]).compactMap { result(of: $0.cell) }
            return ComparedColumn(results: results, target: target, compiler: compiler)
        }
        do {
            let snapshot = try store.snapshot(at: name)
            guard try !snapshot.exists(PlanLayout.header.path) else {
                throw Failure(.input, "it is a plan, which has no results")
            }
            let branch = ResultBranch(deployment: header.deployment, target: "")
            let table = try branch.table(in: snapshot)
            return ComparedColumn(
                results: table.results.filter { $0.key == ResultPath.cell($0.value.cell) }.map(\.value))
        } catch {
            guard let failure = (error as? any ClassifiedError)?.failure, failure.category == .input else {
                throw error
            }
            let why = failure.diagnostics.first?.message ?? ""
            throw Failure(
                .input, "'\(name)' is no target, no column and no revision of results: \(why)",
                hint: nearest(to: name, in: targets.sorted()).map { "did you mean '\($0)'?" }
                    ?? "targets are \(targets.sorted().joined(separator: ", "))")
        }
    }
}
