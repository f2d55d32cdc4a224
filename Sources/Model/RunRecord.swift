/// A run of a deployment: when it was, under which plan, and what it came to.
public struct RunRecord: Codable, Hashable, Sendable {
    /// How a run ended.
    public enum Ending: String, Codable, Sendable, CaseIterable {
        /// Every wanted cell has a result.
        case finished
        /// It was stopped, or its process died.
        case interrupted
        /// The runner itself failed, at writing to the store for instance.
        case failed
    }

    /// From 1; the runs of a deployment are numbered in the order in which they began.
    public var number: Int
    /// The commit of the plan; nil if the plan is not in the store.
    public var plan: String?
    /// Why the run was started, in the words of who started it: `manual`, `schedule`, `push 1a2b3c`.
    public var trigger: String
    /// The selectors of the cells that were to be run. Absent: all cells.
    public var selectors: [String]?
    /// Seconds since 1970, when it began.
    public var begin: Int
    /// Seconds since 1970, when it ended. Absent while it runs, and where its process died.
    public var end: Int?
    /// Absent while it runs, and after its process died until the next run begins.
    public var ending: Ending?
    /// The commits of the branches of results when it began, by target. A target without results is left out.
    public var before: [String: String]
    /// The commits of the branches of results when it ended, by target; where its process died, when that was noticed.
    public var after: [String: String]?
    /// The cells of the plan by their state when the run ended: outcomes, `pending` and `excluded`. Absent where it did not finish.
    public var cells: [String: Int]?
    /// The cells that the run recorded results of, by `ResultChange`. Absent if its process died.
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
