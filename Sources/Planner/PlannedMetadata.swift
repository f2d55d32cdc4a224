internal import Core
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import System

/// Collects the metadata of all packages of a plan, including those without a solution, from their opam files and from
/// the previous plan.
struct PlannedMetadata {
    private let base: PreviousPlan?
    private let packages: [ParsedPackages]
    private let stacks: [RepositoryChanges]

    /// - Parameter packages: the package versions of each stack, in the order of `stacks`.
    init(
        _ base: PreviousPlan?, _ packages: [ParsedPackages], _ stacks: [RepositoryChanges]
    ) {
        self.stacks = stacks
        self.base = base
        self.packages = packages
    }

    /// A package whose metadata is needed.
    private struct Wanted {
        /// The stack of the first column with the package.
        var stack: Int
        /// Whether a cell of the package was solved again in a column.
        var isMade: Bool
    }

    /// The document of the plan. If columns have different repositories, the first column with a package determines its
    /// metadata.
    ///
    /// - Throws: `Failure` if a repository cannot be read.
    func document(_ columns: [ColumnDelta]) async throws -> [UInt8] {
        let wanted = wanted(columns)
        // A cell may be kept although its package has changed, if the compiler makes it unsolvable.
        let changed = Set(stacks.flatMap(\.changed))
        var known = try previous().filter { wanted[$0.key]?.isMade == false && !changed.contains(packageName($0.key)) }
        let missing = wanted.filter { known[$0.key] == nil }.sorted { $0.key < $1.key }
        let read = try await parallelMap(missing.chunks(ofCount: Self.part)) { [packages] _, part in
            try part.compactMap { text, wanted in
                try PackageVersion(text).map { try packages[wanted.stack].metadata(of: $0) }
            }
        }
        for metadata in read.joined() { known[metadata.package.description] = metadata }
        return PackageMetadata.document(known.values)
    }

    /// The number of packages that a thread reads at a time.
    private static let part = 64

    private func wanted(_ columns: [ColumnDelta]) -> [String: Wanted] {
        var wanted: [String: Wanted] = [:]
        func add(_ text: String, _ stack: Int, isMade: Bool) {
            if wanted[text] == nil {
                wanted[text] = Wanted(stack: stack, isMade: isMade)
            } else if isMade {
                wanted[text]?.isMade = true
            }
        }
        for column in columns {
            let universe = column.toSolve.column.universe.universe
            for origin in column.origins {
                switch origin {
                case .kept(let cells):
                    guard let before = column.before else { continue }
                    for cell in cells where !ColumnState.Flags(rawValue: before.flags[cell]).contains(.isExcluded) {
                        add(before.packages[cell], column.stack, isMade: false)
                    }
                case .toSolve(let index):
                    let entry = column.toSolve.entries[index]
                    if entry.exclusion == nil { add(universe.text(of: entry.package), column.stack, isMade: true) }
                }
            }
        }
        return wanted
    }

    /// The metadata in the previous plan; none if a package may come from another repository in another column.
    private func previous() throws -> [String: PackageMetadata] {
        guard let base, stacks.count == 1, stacks[0].numberBefore != nil, base.memory.stacks.count == 1,
            let packages = try base.metadata().flatMap(PackageMetadata.read)
        else { return [:] }
        return Dictionary(packages.map { ($0.package.description, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension PackageMetadata {
    /// The metadata in an opam file.
    init(_ file: OpamFile, of package: PackageVersion) {
        self.init(
            package: package, maintainers: file.maintainers, tags: file.tags, bugReports: file.bugReports,
            devRepo: file.developmentRepository)
    }
}
