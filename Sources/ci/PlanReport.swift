internal import Core
internal import Foundation
internal import Model
internal import PlanSession
internal import Records

/// The output of `ci plan`: a table of targets and compilers, and the changes.
struct PlanReport {
    let plan: PlanSession.NewPlan
    let difference: PlanDifference
    let store: String

    private var header: PlanHeader { plan.header }

    /// The maximum number of cells listed for each kind of change.
    private static let listed = 20

    /// The report in the text format.
    var text: String {
        get throws { table + changes + (try provisional) }
    }

    /// The cells of which more is planned when a job has succeeded, and that job.
    private var provisional: String {
        get throws {
            guard header.columns.contains(where: { $0.cells.provisional != nil }) else { return "" }
            let lines = try plan.documents.cells().filter(\.isProvisional).compactMap { cell -> String? in
                guard case .jobs(let build, _) = cell.basis, let job = try plan.documents.job(build) else { return nil }
                return "\(cell.cell): planned after \(job.package), job \(build.hex.prefix(12))"
            }
            return list("provisional", lines)
        }
    }

    // MARK: The table

    private var table: String {
        let head = ["target", "compiler", "cells", "to build", "with tests", "unsolvable", "excluded"]
        let body = header.columns.map { column in
            let cells = column.cells
            return [column.target, column.compiler]
                + [cells.total, cells.built, cells.tested, cells.unsolvable, cells.excluded].map(String.init)
        }
        let lines = [head] + body
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let text = lines.map { line in
            line.enumerated().map { column, word in
                let space = String(repeating: " ", count: widths[column] - word.count)
                return column < 2 ? word + space : space + word
            }.joined(separator: "  ")
        }.joined(separator: "\n")
        let repositories = header.repositories.map { "repository \($0.location) at \($0.commit.prefix(12))\n" }.joined()
        let images = images.map { "image      \($0.target): \($0.reference)\n" }.joined()
        return "deployment \(header.deployment)\n\(repositories)\(images)\n\(text)\n\n\(unsolvable)"
    }

    /// The images of targets, by the digests that their tags had.
    private var images: [Image] {
        var seen: Set<String> = []
        return header.targets.compactMap { target in
            guard let image = target.image, seen.insert(target.name).inserted else { return nil }
            return Image(target: target.name, reference: image.reference)
        }
    }

    private struct Image: Encodable {
        let target: String
        let reference: String
    }

    /// The number of unsolvable cells by cause.
    private var unsolvable: String {
        let all = header.columns.reduce(CellCounts()) { $0 + $1.cells }
        guard all.causes != nil else { return "" }
        let causes = UnsolvableCause.Class.allCases.compactMap { kind in
            all.causes?[kind.rawValue].map { "\($0) \(kind.words)" }
        }
        return "unsolvable: \(causes.joined(separator: ", "))\n"
    }

    // MARK: What changed

    private var changes: String {
        var text = "\(count(header.cells, "cell")), \(count(header.jobs, "job"))"
        text += " (\(difference.newJobs) new, \(difference.sharedJobs) shared with the plan before)\n"
        if difference.isEmpty {
            text += "nothing changed\n"
        } else {
            let isFirst = difference.unchanged == 0 && difference.new.count == header.cells
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
                text += list("to rebuild", difference.rebuilt.map(\.description))
            }
        }
        if let commit = plan.commit {
            text += "plan \(commit.prefix(12)) on branch \(header.deployment) of \(store)\n"
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

    var csv: String {
        get throws { try plan.documents.cells().map(line).joined() }
    }

    /// The report as JSON.
    var document: some Encodable {
        get throws { try Document(self) }
    }

    private func line(_ cell: PlannedCell) -> String {
        switch cell.basis {
        case .jobs(let build, _) where cell.isProvisional: "\(cell.cell),provisional,\(build),\n"
        case .jobs(let build, let test): "\(cell.cell),jobs,\(build),\(test?.hex ?? "")\n"
        case .unsolvable: "\(cell.cell),unsolvable,,\n"
        case .excluded: "\(cell.cell),excluded,,\n"
        }
    }

    private struct Document: Encodable {
        let deployment: String
        let repositories: [Plan.Repository]
        let images: [Image]
        let commit: String?
        let cells: [PlannedCell]
        let jobs: Int
        let difference: PlanDifference

        init(_ report: PlanReport) throws {
            deployment = report.header.deployment
            repositories = report.header.repositories
            images = report.images
            commit = report.plan.commit
            cells = try report.plan.documents.cells()
            jobs = report.header.jobs
            difference = report.difference
        }
    }
}
