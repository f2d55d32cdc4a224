import Core
import Foundation
import Model
import Records
import Review
import Store

/// Measures the creation of the index, opening it, and updating it.
struct IndexMeasurement {
    let store: String

    func run() throws {
        let store = try Store(opening: store)
        row("what", "CPU s", "memory, MiB")
        row("---", "---", "---")
        if let directory = store.indexDirectory { try? FileManager.default.removeItem(atPath: directory) }
        try measure("make the index") { _ = try DeploymentResults(store: store, deployment: nil) }
        try measure("open it") { _ = try DeploymentResults(store: store, deployment: nil) }
        try recordOne(in: store)
        try measure("open it with one more result") { _ = try DeploymentResults(store: store, deployment: nil) }
    }

    private func measure(_ what: String, _ body: () throws -> Void) rethrows {
        let before = Usage.own.seconds
        try body()
        row(what, (Usage.own.seconds - before).short, "\(Usage.own.memory)")
    }

    private func recordOne(in store: Store) throws {
        let results = try DeploymentResults(store: store, deployment: nil)
        guard let cell = try results.cells(picked: [Selector(parsing: "outcome:success")]).first,
            case .jobs(let job, _) = cell.basis
        else { return }
        var result = CellResult(cell: cell.cell, job: job, outcome: .failure, repositories: ["synthetic"])
        result.signature = "synthetic: one more"
        let branch = ResultBranch(deployment: results.header.deployment, target: cell.cell.target)
        let path = ResultPath.cell(cell.cell)
        try store.transact(Branch(branch.name), result.message(at: path)) { try $0.write(result, to: StorePath(path)) }
    }
}
