package import Core
package import Matrix
package import Model
internal import YAML

/// All inputs of a plan, which is a function of them.
package struct PlanInputs: Sendable {
    /// Identifies one of the descriptions of a target: for opam's compilers, or for the distribution's own.
    package struct ProfileKey: Hashable, Sendable {
        /// The target's name.
        package var target: String
        /// Whether the compiler is the distribution's own.
        package var systemCompiler: Bool

        package init(target: String, systemCompiler: Bool) {
            self.target = target
            self.systemCompiler = systemCompiler
        }
    }

    /// The matrix.
    package var matrix: MatrixFile
    /// The descriptions of targets.
    package var profiles: [ProfileKey: TargetProfile]
    /// The repositories, by stacks of positions in `matrix.repositories` in order of precedence.
    package var sources: [[Int]: any PackageSource]
    /// The date that determines which accepted failures have expired.
    package var today: CalendarDate
    /// Resolves unpinned sources of packages; nil leaves them unchanged.
    package var unpinned: (any SourceResolver)?

    package init(
        matrix: MatrixFile, profiles: [ProfileKey: TargetProfile], sources: [[Int]: any PackageSource],
        today: CalendarDate, unpinned: (any SourceResolver)? = nil
    ) {
        self.unpinned = unpinned
        self.matrix = matrix
        self.profiles = profiles
        self.sources = sources
        self.today = today
    }

    /// The stacks of repositories that the cells use, by their positions in the matrix.
    var stacks: [(positions: [Int], source: any PackageSource)] {
        sources.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }

    /// The digest of all inputs except unpinned package sources. Equal plans may have different digests, for example if
    /// a comment of the matrix has changed.
    package var digest: Digest {
        get throws {
            struct Identity: Encodable {
                let setting: Digest
                let texts: [String: Digest]
                let targets: [Plan.Target]
                let repositories: [[Plan.Repository]]
                let pins: [String]
                let unikernels: [String]?
                let expired: [Bool]
            }
            let ownPins = matrix.pins.filter(\.hasFiles).flatMap { pin in
                stacks.map { $0.source.fingerprint(of: pin.name.value) ?? "" }
            }
            let unikernels = stacks.flatMap { stack in
                let names = Set(stack.source.unikernels.values.flatMap { $0.unikernel.packageNames })
                return names.sorted().map { "\($0) \(stack.source.fingerprint(of: $0) ?? "")" }
            }
            return try CanonicalJSON.digest(
                of: Identity(
                    setting: CellInputs(self).inputsKey, texts: matrix.sources.digests,
                    targets: profiles.values.map(\.target).sorted {
                        ($0.name, $0.systemCompiler ? 1 : 0) < ($1.name, $1.systemCompiler ? 1 : 0)
                    },
                    repositories: stacks.map(\.source.repositories),
                    pins: matrix.pins.map { "\($0.name.value).\($0.version)" } + ownPins,
                    unikernels: unikernels.isEmpty ? nil : unikernels,
                    expired: matrix.acceptFailures.map { $0.expires.map { $0.value < today } ?? false }))
        }
    }

    /// Warnings about accepted failures that have expired.
    package var warnings: [Diagnostic] {
        matrix.acceptFailures.compactMap { rule in
            guard let expires = rule.expires, expires.value < today else { return nil }
            return matrix.sources.diagnostic(
                .warning, "these failures were accepted until \(expires.value) only: '\(rule.reason)'",
                at: expires.location, hint: "fix the packages, or give a new date")
        }
    }

    /// The pairs of target and compiler that may have cells, in the order of the matrix.
    package static func pairs(of matrix: MatrixFile) -> [(target: TargetEntry, compiler: CompilerEntry)] {
        matrix.targets.flatMap { target in
            matrix.compilers.filter { compiler in
                compiler.targets.matches(target.name.value)
                    || matrix.include.contains {
                        $0.target.value.matches(target.name.value) && $0.compiler.matches(compiler.name.value)
                    }
            }.map { (target, $0) }
        }
    }

    /// The target descriptions that a matrix needs.
    package static func profileKeys(of matrix: MatrixFile) -> [(key: ProfileKey, target: TargetEntry)] {
        var seen: Set<ProfileKey> = []
        return pairs(of: matrix).compactMap { target, compiler in
            let key = ProfileKey(target: target.name.value, systemCompiler: compiler.isSystem)
            return seen.insert(key).inserted ? (key, target) : nil
        }
    }

    /// The stack of repositories of a target with a compiler, by position. For a column with unikernels, whose packages
    /// belong to no other column, a negative number follows.
    package static func stack(of matrix: MatrixFile, target: TargetEntry, compiler: CompilerEntry) -> [Int] {
        let repositories = matrix.repositories.indices.filter { index in
            let repository = matrix.repositories[index]
            return repository.targets.matches(target.name.value)
                && repository.compilers.matches(compiler.name.value)
        }
        guard !unikernels(of: matrix, target: target, compiler: compiler).isEmpty,
            let row = matrix.targets.firstIndex(where: { $0.name.value == target.name.value }),
            let column = matrix.compilers.firstIndex(where: { $0.name.value == compiler.name.value })
        else { return repositories }
        return repositories + [-1 - row * matrix.compilers.count - column]
    }

    /// The unikernels of a target with a compiler.
    package static func unikernels(
        of matrix: MatrixFile, target: TargetEntry, compiler: CompilerEntry
    ) -> [UnikernelEntry] {
        guard compiler.targets.matches(target.name.value) else { return [] }
        return matrix.unikernels.filter { entry in
            entry.targets.matches(target.name.value) && entry.compilers.matches(compiler.name.value)
        }
    }
}

extension TargetEntry {
    /// The program that executes recipes, as recorded in jobs; nil for the runner itself.
    package var jobEngine: Job.Engine? {
        engine?.value == .opam ? .opam : nil
    }
}

/// The result of planning: a plan and the incremental state.
package struct PlanOutput: Sendable {
    /// The difference from the previous plan, or the whole plan.
    package var update: PlanUpdate
    /// Whether the update is relative to the previous plan; otherwise it is the whole plan.
    package var isIncremental: Bool
    /// The incremental state for the next plan.
    package var memory: IncrementalState
    /// The number of cells that were solved rather than kept.
    package var solvedCells: Int
    /// Warnings for the user.
    package var warnings: [Diagnostic]

    /// The head of the plan.
    package var header: PlanHeader { update.header }
}

/// The progress of planning.
package struct PlanProgress: Sendable {
    /// The phases of planning.
    package enum Phase: String, Sendable {
        case reading = "reading repositories"
        case solving
        case jobs = "making jobs"
        case writing
    }

    /// The current phase.
    package var phase: Phase
    /// The amount of work done in the phase.
    package var done: Int
    /// The total amount of work in the phase; 0 if unknown.
    package var total: Int

    package init(_ phase: Phase, done: Int = 0, total: Int = 0) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}
