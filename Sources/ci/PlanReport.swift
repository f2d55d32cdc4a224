internal import Core
internal import Documents
internal import Foundation
internal import Planner

/// What `ci plan` prints: a table of targets and compilers, and what changed.
struct PlanReport {
    let plan: PlanOutline
    let difference: PlanDifference
    /// Nil after a dry run.
    let commit: String?
    let store: String

    /// Cells that are listed one by one for each kind of change.
    private static let listed = 20

    func text(_ format: OutputFormat) throws -> String {
        switch format {
        case .text: table + changes
        case .csv: csv
        case .json: String(decoding: try CanonicalJSON.encode(Document(self)), as: UTF8.self)
        }
    }

    // MARK: The table

    private struct Row {
        var cells = 0
        var solvable = 0
        var tested = 0
        var unsolvable = 0
        var excluded = 0
        var jobs: Set<Digest> = []
    }

    private var rows: [(target: String, compiler: String, row: Row)] {
        var rows: [[String]: Row] = [:]
        for cell in plan.cells {
            let key = [cell.cell.target, cell.cell.compiler]
            rows[key, default: Row()].cells += 1
            switch cell.basis {
            case .jobs(let build, let test):
                rows[key, default: Row()].solvable += 1
                rows[key, default: Row()].jobs.insert(build)
                if let test {
                    rows[key, default: Row()].tested += 1
                    rows[key, default: Row()].jobs.insert(test)
                }
            case .unsolvable: rows[key, default: Row()].unsolvable += 1
            case .excluded: rows[key, default: Row()].excluded += 1
            }
        }
        return rows.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key[0], $0.key[1], $0.value) }
    }

    private var table: String {
        let head = ["target", "compiler", "cells", "to build", "with tests", "unsolvable", "excluded"]
        let body = rows.map { target, compiler, row in
            [target, compiler] + [row.cells, row.solvable, row.tested, row.unsolvable, row.excluded].map(String.init)
        }
        let lines = [head] + body
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let text = lines.map { line in
            line.enumerated().map { column, word in
                let space = String(repeating: " ", count: widths[column] - word.count)
                return column < 2 ? word + space : space + word
            }.joined(separator: "  ")
        }.joined(separator: "\n")
        let repositories = plan.repositories.map { "repository \($0.location) at \($0.commit.prefix(12))\n" }.joined()
        return "deployment \(plan.deployment)\n\(repositories)\n\(text)\n\n"
    }

    // MARK: What changed

    private var changes: String {
        var text = "\(plan.cells.count) cells, \(plan.jobs.count) jobs"
        text += " (\(difference.newJobs) new, \(difference.sharedJobs) shared with the plan before)\n"
        if difference.isEmpty {
            text += "nothing changed\n"
        } else {
            let isFirst = difference.unchanged == 0 && difference.new.count == plan.cells.count
            if isFirst {
                text += "all cells are new\n"
            } else {
                text += list("new", difference.new.map(\.description))
                text += list("gone", difference.gone.map(\.description))
                text += list(
                    "version changed",
                    difference.versionChanged.map { "\($0.from) → \($0.to.package.version)" })
                text += list("became solvable", difference.becameSolvable.map(\.description))
                text += list("became unsolvable", difference.becameUnsolvable.map(\.description))
                text += list("to build anew", difference.rebuilt.map(\.description))
            }
        }
        if let commit {
            text += "plan \(commit.prefix(12)) on branch \(plan.deployment) of \(store)\n"
        } else {
            text += "dry run: nothing written\n"
        }
        return text
    }

    private func list(_ title: String, _ cells: [String]) -> String {
        guard !cells.isEmpty else { return "" }
        var text = "\(title): \(cells.count)\n"
        for cell in cells.prefix(Self.listed) { text += "  \(cell)\n" }
        if cells.count > Self.listed { text += "  … and \(cells.count - Self.listed) more\n" }
        return text
    }

    // MARK: For programs

    private var csv: String {
        plan.cells.map { cell in
            switch cell.basis {
            case .jobs(let build, let test): "\(cell.cell),jobs,\(build),\(test?.hex ?? "")\n"
            case .unsolvable: "\(cell.cell),unsolvable,,\n"
            case .excluded: "\(cell.cell),excluded,,\n"
            }
        }.joined()
    }

    private struct Document: Encodable {
        let deployment: String
        let repositories: [Plan.Repository]
        let commit: String?
        let cells: [PlannedCell]
        let jobs: Int
        let difference: PlanDifference

        init(_ report: PlanReport) {
            deployment = report.plan.deployment
            repositories = report.plan.repositories
            commit = report.commit
            cells = report.plan.cells
            jobs = report.plan.jobs.count
            difference = report.difference
        }
    }
}
