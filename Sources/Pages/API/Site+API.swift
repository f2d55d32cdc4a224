internal import Core
internal import Foundation
internal import Model
internal import Review
internal import Store

extension Site {
    /// The path prefix of the JSON interface, which includes its version.
    package static let interface = "api/v1/"

    /// The document at a path below `api/v1/`: the contents of the page of the same name as JSON; nil if there is none.
    ///
    /// - Throws: `StoreError`, `Failure`, `EncodingError`.
    package func document(at path: String) throws -> Page? {
        guard path.hasPrefix(Self.interface) else { return nil }
        let name = String(path.dropFirst(Self.interface.count))
        if name == "openapi.json" { return Page(path, "application/json", PackageResources.openapi_json) }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let document: (any Encodable)? =
            switch parts.count {
            case 1: try listing(name)
            case 2: try entry(parts[0], parts[1])
            case 3 where parts[0] == "diff": try differenceDocument(parts[1], parts[2])
            case 4 where parts[0] == "cells": try cellDocument("\(parts[1])/\(parts[2])/\(parts[3])")
            default: nil
            }
        return try document.map { Page(path, "application/json", [UInt8](try CanonicalJSON.encode($0))) }
    }

    private func listing(_ name: String) throws -> (any Encodable)? {
        switch name {
        case "start": try startDocument()
        case "grid": gridDocument()
        case "causes": causes.filter { !$0.isUnsolvable }.map(CauseEntry.init)
        case "unsolvable": causes.filter(\.isUnsolvable).map(CauseEntry.init)
        case "packages": packageNames.map { SubjectEntry($0, cells: cells(ofPackage: $0)) }
        case "targets":
            Dictionary(grouping: cells, by: \.state.cell.target).sorted { $0.key < $1.key }.map {
                SubjectEntry($0.key, cells: $0.value)
            }
        case "maintainers": people.maintainers.map(maintainerEntry)
        case "runs": runs
        case "flaky": cells.filter { $0.standing == .flaky }.map(CellEntry.init)
        case "accepted": cells.filter { $0.state.accepted != nil }.map(CellEntry.init)
        case "queue": options.isLive ? try queueStatus() : nil
        default: nil
        }
    }

    private func entry(_ directory: String, _ name: String) throws -> (any Encodable)? {
        switch directory {
        case "causes": cause(name)
        case "packages": packageDocument(name)
        case "targets": targetDocument(name)
        case "maintainers":
            people.maintainer(name).map { maintainer in
                MaintainerDocument(
                    maintainer: maintainerEntry(maintainer),
                    packages: maintainer.packages.map {
                        SubjectEntry($0, cells: cells(ofPackage: $0, of: maintainer))
                    },
                    causes: causes(of: cells(of: maintainer)).map { CauseEntry($0.cause) })
            }
        case "runs":
            runs.first { "\($0.number)" == name }.map { run in
                RunDocument(run: run, cells: cells.filter { $0.sinceRun == run.number }.map(CellEntry.init))
            }
        case "logs": try logDocument(name)
        default: nil
        }
    }

    private func maintainerEntry(_ maintainer: SitePeople.Maintainer) -> MaintainerEntry {
        let figures = figures(of: cells(of: maintainer))
        return MaintainerEntry(
            id: maintainer.file, name: maintainer.name, packages: maintainer.packages.count, cells: figures.cells,
            good: figures.good, bad: figures.bad)
    }

    private func startDocument() throws -> StartDocument {
        StartDocument(
            deployment: results.header.deployment, run: runs.first, repositories: results.header.repositories,
            cells: cells.standings,
            columns: columns.map(\.name), causes: causes.filter { !$0.isUnsolvable }.prefix(20).map(CauseEntry.init))
    }

    private func gridDocument() -> GridDocument {
        GridDocument(
            columns: columns.map(\.name), packages: grid.names,
            states: grid.cells.map { row in row.map { $0.map { StandingPresentation($0).name } } })
    }

    private func packageDocument(_ name: String) -> PackageDocument? {
        let cells = cells(ofPackage: name)
        guard !cells.isEmpty else { return nil }
        return PackageDocument(
            name: name, metadata: people.metadata[name], cells: cells.map(CellEntry.init),
            causes: causes(of: cells).map { CauseEntry($0.cause) })
    }

    private func targetDocument(_ name: String) -> TargetDocument? {
        guard targetNames.contains(name) else { return nil }
        let own = cells.filter { $0.state.cell.target == name }
        let hit = causes.filter { cause in (cause.cells + cause.blocks).contains { $0.target == name } }
        return TargetDocument(
            name: name, cells: own.standings,
            onlyHere: own.filter(failsOnlyHere).map(CellEntry.init), causes: hit.map(CauseEntry.init))
    }

    private func cellDocument(_ name: String) throws -> CellDocument? {
        guard let cell = Cell(name), let listed = self.cell(named: cell) else { return nil }
        return CellDocument(
            cell: CellEntry(listed), cause: causesOfCells[cell].map { causes[$0].id },
            history: try results.index.history(of: cell).prefix(100).map(PastEntry.init))
    }

    private func differenceDocument(_ before: String, _ after: String) throws -> DifferenceDocument? {
        try difference(from: before, to: after).map { difference in
            DifferenceDocument(
                before: Int(before) ?? 0, after: Int(after) ?? 0, compared: difference.compared,
                changes: Array(difference.changes.prefix(5000)), changeCount: difference.changes.count)
        }
    }

    private func logDocument(_ digest: String) throws -> LogDocument? {
        guard let index = logs[digest], let bytes = try log(digest) else { return nil }
        return LogDocument(
            cell: cells[index].state.cell.description,
            steps: LogSteps(bytes).steps.map { step in
                LogDocument.Step(
                    name: shown(step.name, limit: 200), phase: step.phase, firstLine: step.firstLine,
                    lines: step.lines.count)
            })
    }
}
