/// A task as it was submitted: the document `request.json` on a branch of requests.
public struct TaskRequest: Codable, Hashable, Sendable {
    /// Where the matrix was, absolute: relative paths in it start there. Absent: at the store.
    public var path: String?
    /// The greatest is planned first.
    public var priority: Int
    /// Selectors of the cells that are to be run. Absent: all cells.
    public var selectors: [String]?
    /// When it was submitted: seconds since 1970.
    public var submitted: Int
    /// Who submitted it.
    public var submitter: String

    public init(path: String? = nil, priority: Int = 0, selectors: [String]? = nil, submitted: Int, submitter: String) {
        self.path = path
        self.priority = priority
        self.selectors = selectors
        self.submitted = submitted
        self.submitter = submitter
    }
}

/// The progress of a task: the document `state.json` on its branch, written by the process that carries it out or cancels it.
public struct TaskProgress: Codable, Hashable, Sendable {
    /// The states of a task.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// It has not begun.
        case submitted
        /// Its plan is being made.
        case planning
        /// Its jobs run, or wait for workers.
        case dispatched
        /// Every cell has a result.
        case complete
        /// It cannot be planned.
        case rejected
        /// The run itself failed.
        case failed
        /// Someone cancelled it.
        case cancelled

        /// Whether nothing more happens to the task.
        public var isEnd: Bool {
            switch self {
            case .submitted, .planning, .dispatched: false
            case .complete, .rejected, .failed, .cancelled: true
            }
        }
    }

    public var state: State
    /// Seconds since 1970.
    public var since: Int
    /// The deployment, once it is known.
    public var deployment: String?
    /// Why it was rejected, has failed or was cancelled.
    public var reason: String?
    /// The task's cells by their states. Absent where it is not complete.
    public var cells: [String: Int]?

    public init(
        _ state: State, since: Int, deployment: String? = nil, reason: String? = nil, cells: [String: Int]? = nil
    ) {
        self.state = state
        self.since = since
        self.deployment = deployment
        self.reason = reason
        self.cells = cells
    }
}
