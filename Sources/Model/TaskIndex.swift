internal import Core

/// Which task each cell of a plan belongs to.
public struct TaskIndex: Sendable {
    private var ids: [String: [String]] = [:]

    /// - Throws: `EncodingError`, should a task not be writable as JSON.
    public init(_ tasks: [PlannedTask]) throws {
        for task in tasks {
            ids[Self.column(task.target, task.compiler), default: []].append(try CanonicalJSON.digest(of: task).hex)
        }
    }

    /// The ids of the tasks that asked for a cell.
    public func tasks(of cell: Cell) -> [String] {
        ids[Self.column(cell.target, cell.compiler)] ?? []
    }

    private static func column(_ target: String, _ compiler: String) -> String { "\(target)/\(compiler)" }
}
