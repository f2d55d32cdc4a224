internal import Core

/// The tasks of the cells of a plan.
public struct TaskIndex: Sendable {
    private var ids: [String: [String]] = [:]

    /// - Throws: `EncodingError` if a task cannot be encoded as JSON.
    public init(_ tasks: [PlannedTask]) throws {
        for task in tasks {
            ids[Self.column(task.target, task.compiler), default: []].append(try CanonicalJSON.digest(of: task).hex)
        }
    }

    /// The ids of the tasks that request a cell.
    public func tasks(of cell: Cell) -> [String] {
        ids[Self.column(cell.target, cell.compiler)] ?? []
    }

    private static func column(_ target: String, _ compiler: String) -> String { "\(target)/\(compiler)" }
}
