package import Core
package import Matrix
package import Model
internal import YAML

/// Everything that a plan is a function of.
package struct PlanInputs: Sendable {
    /// Which description of a target is meant: that for opam's compilers, or for the distro's own.
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
    /// By positions in `matrix.repositories`, in order of precedence.
    package var sources: [[Int]: any PackageSource]
    /// Decides which accepted failures have expired.
    package var today: CalendarDate
    /// Resolves unpinned sources of packages; nil leaves them as they are.
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

    /// The repositories laid over each other that some cells are made from, by their positions in the matrix.
    var stacks: [(positions: [Int], source: any PackageSource)] {
        sources.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }

    /// Digest of all inputs except unpinned package sources. Two digests may differ though the plans are equal, if a
    /// comment of the matrix changed, say.
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

    /// Accepted failures that have expired.
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

    /// The descriptions of targets that a matrix needs.
    package static func profileKeys(of matrix: MatrixFile) -> [(key: ProfileKey, target: TargetEntry)] {
        var seen: Set<ProfileKey> = []
        return pairs(of: matrix).compactMap { target, compiler in
            let key = ProfileKey(target: target.name.value, systemCompiler: compiler.isSystem)
            return seen.insert(key).inserted ? (key, target) : nil
        }
    }

    /// The repositories that count for a target with a compiler, by position. Of a column with unikernels, whose packages are
    /// no other column's, a negative number follows.
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

    /// The unikernels that a target with a compiler has.
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
    /// Who carries out recipes, as jobs say it: nil for the runner itself.
    package var jobEngine: Job.Engine? {
        engine?.value == .opam ? .opam : nil
    }
}

/// A plan, and what is known of how it was made.
package struct PlanOutput: Sendable {
    /// The difference from the previous plan, or the whole plan.
    package var update: PlanUpdate
    /// Whether the update is one of the previous plan; otherwise it is the whole plan.
    package var isIncremental: Bool
    /// What the next plan can be made from.
    package var memory: IncrementalState
    /// The number of cells that were solved, as opposed to kept.
    package var made: Int
    /// What the user should know.
    package var warnings: [Diagnostic]

    /// The head of the plan.
    package var header: PlanHeader { update.header }
}

/// How far planning has come.
package struct PlanProgress: Sendable {
    /// What planning is doing.
    package enum Phase: String, Sendable {
        case reading = "reading repositories"
        case solving
        case jobs = "making jobs"
        case writing
    }

    /// What planning is doing.
    package var phase: Phase
    /// How much of the phase is done.
    package var done: Int
    /// How much there is to do; 0 where that is not known.
    package var total: Int

    package init(_ phase: Phase, done: Int = 0, total: Int = 0) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}
