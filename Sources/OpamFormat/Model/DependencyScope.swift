/// Which dependencies apply: the values of the variables that opam reserves for filters of dependencies.
///
/// - SeeAlso: `docs/decisions/0014-dependency-filters-one-pass.md`
public struct DependencyScope: Hashable, Sendable {
    /// Whether dependencies marked `build` apply.
    public var build = true
    /// Whether dependencies marked `post` apply.
    public var post = true
    /// Whether dependencies marked `with-test` apply.
    public var withTest = false
    /// Whether dependencies marked `with-doc` apply.
    public var withDoc = false
    /// Whether dependencies marked `with-dev-setup` apply.
    public var withDevSetup = false
    /// Whether the package is a development version.
    public var dev = false

    public init() {}

    /// Whether it is one of these variables, which are never looked up in the environment.
    public static func decides(_ variable: Variable) -> Bool {
        guard variable.scope == .global else { return false }
        switch variable.name {
        case "build", "post", "with-test", "with-doc", "with-dev-setup", "dev": return true
        default: return false
        }
    }

    func value(_ variable: Variable) -> VariableValue? {
        guard variable.scope == .global else { return nil }
        switch variable.name {
        case "build": return .bool(build)
        case "post": return .bool(post)
        case "with-test": return .bool(withTest)
        case "with-doc": return .bool(withDoc)
        case "with-dev-setup": return .bool(withDevSetup)
        case "dev": return .bool(dev)
        default: return nil
        }
    }
}

extension Formula<Dependency> {
    /// The formula with its filters evaluated, as opam does before solving.
    ///
    /// Each filter is evaluated first in `environment` as far as possible, then in `scope`; what is still undefined is
    /// false. A dependency whose braces are false is removed from its `&` or `|`: it is neither true nor false there. A
    /// constraint whose version is undefined or invalid allows every version.
    ///
    /// - Parameter environment: The variables of the target, and the `version` of the package with the dependencies.
    public func filtered(in environment: Environment, scope: DependencyScope) -> Formula<PackageConstraint> {
        withoutActuallyEscaping(environment) { environment in
            let known: Environment = { DependencyScope.decides($0) ? nil : environment($0) }
            return remaining(known, scope) ?? .empty
        }
    }

    /// The formula; nil if it is removed.
    private func remaining(_ known: Environment, _ scope: DependencyScope) -> Formula<PackageConstraint>? {
        switch self {
        case .atom(let dependency):
            guard let versions = dependency.condition.decided(known, scope) else { return nil }
            return .atom(PackageConstraint(dependency.name, versions))
        case .all(let parts):
            let parts = parts.compactMap { $0.remaining(known, scope) }
            return parts.isEmpty ? nil : .conjunction(parts)
        case .any(let parts):
            let parts = parts.compactMap { $0.remaining(known, scope) }
            return parts.isEmpty ? nil : .disjunction(parts)
        }
    }
}

extension Formula<Dependency.Condition> {
    /// The versions that the condition allows; nil if it is false.
    fileprivate func decided(_ known: Environment, _ scope: DependencyScope) -> VersionFormula? {
        switch self {
        case .atom(.filter(let filter)):
            return filter.partiallyEvaluated(in: known).holds(in: scope.value) ? .empty : nil
        case .atom(.version(let relation, let version)):
            let text = version.partiallyEvaluated(in: known).evaluate(in: scope.value).text
            guard let version = text.flatMap(Version.init) else { return .empty }
            return .atom(VersionConstraint(relation, version))
        case .all(let parts):
            var versions: [VersionFormula] = []
            for part in parts {
                guard let decided = part.decided(known, scope) else { return nil }
                if !decided.isEmpty { versions.append(decided) }
            }
            return .conjunction(versions)
        case .any(let parts):
            var versions: [VersionFormula] = []
            for part in parts {
                guard let decided = part.decided(known, scope) else { continue }
                if decided.isEmpty { return .empty }
                versions.append(decided)
            }
            return versions.isEmpty ? nil : .disjunction(versions)
        }
    }
}
