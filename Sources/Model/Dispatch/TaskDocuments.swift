/// A submitted task: the document `request.json` on a branch of requests.
public struct TaskRequest: Codable, Hashable, Sendable {
    /// The absolute path of the matrix's directory, to which relative paths in it refer; absent for the store's
    /// directory.
    public var path: String?
    /// Tasks of greater priority are planned first.
    public var priority: Int
    /// The selectors of the cells to run; absent for all cells.
    public var selectors: [String]?
    /// When it was submitted, in seconds since 1970.
    public var submitted: Int
    /// The user and machine that submitted it.
    public var submitter: String

    public init(path: String? = nil, priority: Int = 0, selectors: [String]? = nil, submitted: Int, submitter: String) {
        self.path = path
        self.priority = priority
        self.selectors = selectors
        self.submitted = submitted
        self.submitter = submitter
    }
}

/// The progress of a task: the document `state.json` on its branch, written by the process that runs or cancels it.
public struct TaskProgress: Codable, Hashable, Sendable {
    /// The states of a task.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// It is waiting to be planned.
        case submitted
        /// It is being planned.
        case planning
        /// Its jobs are running or waiting for workers.
        case dispatched
        /// Every cell has a result.
        case complete
        /// It cannot be planned.
        case rejected
        /// The run itself failed.
        case failed
        /// It was cancelled.
        case cancelled

        /// Whether the state is final.
        public var isEnd: Bool {
            switch self {
            case .submitted, .planning, .dispatched: false
            case .complete, .rejected, .failed, .cancelled: true
            }
        }
    }

    /// The state of the task.
    public var state: State
    /// When it entered the state, in seconds since 1970.
    public var since: Int
    /// The deployment, once it is known.
    public var deployment: String?
    /// Why it was rejected, has failed or was cancelled.
    public var reason: String?
    /// The number of the task's cells in each state; absent unless it is complete.
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
