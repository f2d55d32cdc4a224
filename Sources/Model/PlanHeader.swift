public import Core

/// The parts of a plan that are small, unlike its cells and jobs.
public struct PlanHeader: Codable, Hashable, Sendable {
    /// The name of the deployment.
    public var deployment: String
    /// The repositories at the commits that were planned, in order of priority.
    public var repositories: [Plan.Repository]
    /// The targets, in the order of the matrix.
    public var targets: [Plan.Target]
    /// The columns, sorted by target and compiler.
    public var columns: [PlanColumn]
    /// The number of jobs in the plan.
    public var jobs: Int
    /// The digest of all inputs of the plan: equal inputs need no new plan.
    public var inputs: Digest?
    /// The resolved state of unpinned sources by address: the commit of a branch, or the checksum of a directory; empty
    /// if it could not be determined. Absent if there are no such sources.
    public var sources: [String: String]?
    /// How often a failed job is repeated before a cell that was good is recorded as broken. Absent for once.
    public var confirm: Int?
    /// The recipients of notices about new problems. Absent if only those in the settings receive them.
    public var notify: PlannedNotices?
    /// The matrix, which is planned again when the build jobs of provisional cells have succeeded. Absent if there are
    /// no provisional cells.
    public var matrix: PlannedMatrix?

    public init(
        deployment: String, repositories: [Plan.Repository], targets: [Plan.Target], columns: [PlanColumn], jobs: Int,
        inputs: Digest?, sources: [String: String] = [:], confirm: Int? = nil,
        notify: PlannedNotices? = nil
    ) {
        self.confirm = confirm
        self.notify = notify
        self.sources = sources.isEmpty ? nil : sources
        self.deployment = deployment
        self.repositories = repositories
        self.targets = targets
        self.columns = columns
        self.jobs = jobs
        self.inputs = inputs
    }

    /// The number of cells in the plan.
    public var cells: Int { columns.reduce(0) { $0 + $1.cells.total } }

    /// The number of provisional cells.
    public var provisionalCells: Int { columns.reduce(0) { $0 + ($1.cells.provisional ?? 0) } }
}

/// The matrix that a plan was made from.
///
/// - SeeAlso: `docs/decisions/0288-recorded-matrix.md`
public struct PlannedMatrix: Codable, Hashable, Sendable {
    /// Its absolute path, to resolve relative paths in it.
    public var path: String
    /// Its text. The matrices that it extends are read again.
    public var text: String

    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}

/// The counts of a target with a compiler.
public struct PlanColumn: Codable, Hashable, Sendable {
    /// The target's name.
    public var target: String
    /// The compiler's name.
    public var compiler: String
    /// The number of cells of each kind.
    public var cells: CellCounts

    public init(target: String, compiler: String, cells: CellCounts) {
        self.target = target
        self.compiler = compiler
        self.cells = cells
    }
}

/// The number of cells of each kind.
public struct CellCounts: Codable, Hashable, Sendable {
    /// Cells that have a job.
    public var built = 0
    /// Cells that have a build job and a test job.
    public var tested = 0
    /// Cells without a solution.
    public var unsolvable = 0
    /// Unsolvable cells by `UnsolvableCause.Class`. Absent if no cause is known.
    public var causes: [String: Int]?
    /// Cells that the matrix excludes.
    public var excluded = 0
    /// Cells with a job whose rest is planned after their build job has succeeded. Absent if there are none.
    public var provisional: Int?

    /// Counts no cells.
    public init() {}

    /// Counts these cells.
    public init(_ cells: [PlannedCell]) {
        for cell in cells {
            switch cell.basis {
            case .jobs(_, let test):
                built += 1
                if test != nil { tested += 1 }
                if cell.isProvisional { provisional = (provisional ?? 0) + 1 }
            case .unsolvable:
                unsolvable += 1
                if let cause = cell.cause {
                    causes = (causes ?? [:]).merging([cause.class.rawValue: 1], uniquingKeysWith: +)
                }
            case .excluded: excluded += 1
            }
        }
    }

    /// All cells, including those without jobs.
    public var total: Int { built + unsolvable + excluded }

    /// The sums of the counts.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.built += right.built
        sum.tested += right.tested
        sum.unsolvable += right.unsolvable
        sum.excluded += right.excluded
        sum.addProvisional(of: right, times: 1)
        sum.addCauses(of: right, times: 1)
        return sum
    }

    /// The differences of the counts.
    public static func - (left: Self, right: Self) -> Self {
        var rest = left
        rest.built -= right.built
        rest.tested -= right.tested
        rest.unsolvable -= right.unsolvable
        rest.excluded -= right.excluded
        rest.addProvisional(of: right, times: -1)
        rest.addCauses(of: right, times: -1)
        return rest
    }

    private mutating func addProvisional(of other: Self, times factor: Int) {
        let sum = (provisional ?? 0) + (other.provisional ?? 0) * factor
        provisional = sum == 0 ? nil : sum
    }

    private mutating func addCauses(of other: Self, times factor: Int) {
        let sum = (causes ?? [:]).merging((other.causes ?? [:]).mapValues { $0 * factor }, uniquingKeysWith: +)
            .filter { $0.value != 0 }
        causes = sum.isEmpty ? nil : sum
    }
}
