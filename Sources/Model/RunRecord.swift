/// A run of a deployment: its time, its plan and its results.
public struct RunRecord: Codable, Hashable, Sendable {
    /// How a run ended.
    public enum Ending: String, Codable, Sendable, CaseIterable {
        /// Every wanted cell has a result.
        case finished
        /// It was stopped, or its process was killed.
        case interrupted
        /// The runner itself failed, for instance because it could not write to the store.
        case failed
    }

    /// The number of the run, from 1, in the order in which the runs of the deployment began.
    public var number: Int
    /// The commit of the plan; nil if the plan is not in the store.
    public var plan: String?
    /// Why the run was started, as stated when it was started: `manual`, `schedule`, `push 1a2b3c`.
    public var trigger: String
    /// The selectors of the cells to run. Absent for all cells.
    public var selectors: [String]?
    /// When it began, in seconds since 1970.
    public var begin: Int
    /// When it ended, in seconds since 1970. Absent while it runs, and if its process was killed.
    public var end: Int?
    /// How it ended. Absent while it runs, and after its process was killed until the next run begins.
    public var ending: Ending?
    /// The commits of the result branches when it began, by target, without targets that had no results.
    public var before: [String: String]
    /// The commits of the result branches when it ended, by target; if its process was killed, when that was detected.
    public var after: [String: String]?
    /// The number of cells in each state when the run ended: outcomes, `pending` and `excluded`. Absent unless it
    /// finished.
    public var cells: [String: Int]?
    /// The number of cells with results recorded by the run, by `ResultChange`. Absent if its process was killed.
    public var changes: [String: Int]?

    public init(
        number: Int, plan: String?, trigger: String, selectors: [String]? = nil, begin: Int, before: [String: String]
    ) {
        self.number = number
        self.plan = plan
        self.trigger = trigger
        self.selectors = selectors
        self.begin = begin
        self.before = before
    }
}
