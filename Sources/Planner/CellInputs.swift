internal import Core
internal import Matrix
internal import Model

/// The inputs of cells other than the contents of repositories, which determine the cells affected by a change of the
/// matrix.
///
/// - SeeAlso: `docs/decisions/0136-cell-invalidation.md`
struct CellInputs {
    private let inputs: PlanInputs
    private var matrix: MatrixFile { inputs.matrix }

    init(_ inputs: PlanInputs) {
        self.inputs = inputs
    }

    /// Incremented when the creation of cells or the format of the incremental state changes.
    private static let formatVersion = 4

    /// The digest of the inputs common to all cells.
    var inputsKey: Digest {
        get throws {
            struct Identity: Encodable {
                let form: Int
                let looksAtSources: Bool
            }
            return try CanonicalJSON.digest(
                of: Identity(form: Self.formatVersion, looksAtSources: inputs.unpinned != nil))
        }
    }

    /// A text that identifies the repositories of a source.
    static func key(of source: any PackageSource) -> String {
        source.repositories.map(\.location).joined(separator: "\n")
    }

    // MARK: Columns

    /// The digest of the inputs common to all cells of a target with a compiler.
    func column(_ pair: (target: TargetEntry, compiler: CompilerEntry)) throws -> Digest {
        struct Identity: Encodable {
            let target: Plan.Target?
            let compiler: String
            let version: String
            let isSystem: Bool
            let packages: [String]
            let limits: [LimitRule]
            let allowedOverwrites: [[String]]
        }
        let key = PlanInputs.ProfileKey(target: pair.target.name.value, systemCompiler: pair.compiler.isSystem)
        return try CanonicalJSON.digest(
            of: Identity(
                target: inputs.profiles[key]?.target, compiler: pair.compiler.name.value,
                version: pair.compiler.version, isSystem: pair.compiler.isSystem,
                packages: pair.compiler.packages.map(\.value.description), limits: limits(of: pair.target),
                allowedOverwrites: matrix.allowedOverwrites.map {
                    [$0.package.value.pattern] + $0.paths.map(\.value.pattern)
                }))
    }

    private struct LimitRule: Encodable {
        let packages: String
        let time: Int?
        let silence: Int?
        let memory: Int?
        let disk: Int?
        let log: Int?

        init(_ packages: String, _ limits: LimitSet) {
            self.packages = packages
            time = limits.time
            silence = limits.silence
            memory = limits.memory
            disk = limits.disk
            log = limits.log
        }
    }

    private func limits(of target: TargetEntry) -> [LimitRule] {
        let ofTarget = matrix.limits.targets.filter { $0.glob.value.matches(target.name.value) }.map(\.limits)
        return [LimitRule("", ofTarget.reduce(matrix.limits.all) { $0.overridden(by: $1) })]
            + matrix.limits.packages.map { LimitRule($0.glob.value.pattern, $0.limits) }
    }

    // MARK: Selections

    /// The digest of the inputs that determine which cells exist, and the requests for them.
    var selection: Digest {
        var lines = matrix.packages.map { "packages \(text(of: $0))" }
        for (name, selections) in matrix.sets.sorted(by: { $0.key < $1.key }) {
            lines += selections.map { "set \(name) \(text(of: $0))" }
        }
        for compiler in matrix.compilers {
            lines.append("compiler \(compiler.name.value) \(text(of: compiler.targets))")
        }
        for inclusion in matrix.include {
            lines.append("include \(inclusion.target.value)/\(inclusion.compiler)/\(inclusion.package)")
        }
        for exclusion in matrix.exclude {
            let cells = exclusion.cells.map(\.value.description).joined(separator: " ")
            lines.append("exclude \(cells) \(exclusion.reason.debugDescription)")
        }
        for (key, scope) in [
            ("with-test", matrix.withTest), ("with-doc", matrix.withDoc), ("lower-bounds", matrix.lowerBounds),
        ] { lines.append("\(key) \(text(of: scope))") }
        return Digest(of: lines.joined(separator: "\n"))
    }

    private func text(of selection: PackageSelection) -> String {
        [
            text(of: selection.source.value), selection.versions.rawValue, selection.isOptional ? "optional" : "",
            text(of: selection.targets), text(of: selection.compilers),
        ].joined(separator: "\t")
    }

    private func text(of source: PackageSelection.Source) -> String {
        switch source {
        case .all: "all"
        case .patterns(let patterns): "patterns \(patterns.map(\.description).joined(separator: ", "))"
        case .set(let name): "set \(name)"
        case .tag(let glob): "tag \(glob)"
        case .maintainer(let glob): "maintainer \(glob)"
        case .reverseDependencies(let patterns, let depth):
            "dependents \(depth ?? -1) \(patterns.map(\.description).joined(separator: ", "))"
        case .except(let pattern): "except \(pattern)"
        }
    }

    private func text(of names: NameFilter) -> String { names.globs.map(\.value.pattern).joined(separator: " ") }

    private func text(of scope: Scope) -> String {
        switch scope {
        case .none: "none"
        case .all: "all"
        case .matching(let globs): "of \(globs.map(\.value.pattern).joined(separator: " "))"
        }
    }

    // MARK: Rules

    /// The rules about accepted failures and scheduling, which do not affect how cells are solved.
    var rules: [CellRule] {
        matrix.acceptFailures.map { rule in
            let isOver = rule.expires.map { $0.value < inputs.today } ?? false
            return CellRule(
                .acceptance, rule.cells.map(\.value),
                [
                    rule.reason, rule.expires?.value.description ?? "", "\(isOver)", rule.phase ?? "",
                    rule.signature ?? "", rule.tracker ?? "",
                ].map(\.debugDescription).joined(separator: " "))
        } + matrix.schedule.map { CellRule(.schedule, $0.cells.map(\.value), "\($0.priority)") }
    }
}
