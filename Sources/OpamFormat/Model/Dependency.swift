/// A package in a field `depends`, `depopts` or `conflicts`, with the contents of its braces.
public struct Dependency: Hashable, Sendable, CustomStringConvertible {
    /// The package.
    public var name: PackageName
    /// The condition; empty if there is none.
    public var condition: Formula<Condition>

    /// An atom in the braces.
    public enum Condition: Hashable, Sendable, CustomStringConvertible {
        /// `>= "1.2"` or `= version`: the version is a string or a variable.
        case version(RelationalOperator, Filter)
        /// `with-test`, `os = "linux"`
        case filter(Filter)

        public var description: String {
            switch self {
            case .version(let relation, let version): "\(relation.text) \(version)"
            case .filter(.or(let parts)): "(\(Filter.or(parts)))"
            case .filter(let filter): filter.description
            }
        }
    }

    public init(_ name: PackageName, _ condition: Formula<Condition> = .empty) {
        self.name = name
        self.condition = condition
    }

    public var description: String {
        condition.isEmpty ? Printer.quoted(name.text) : "\(Printer.quoted(name.text)) {\(condition)}"
    }
}

/// A formula over dependencies, as in `depends:`.
public typealias DependencyFormula = Formula<Dependency>

/// `>= 1.2`
public struct VersionConstraint: Hashable, Sendable, CustomStringConvertible {
    /// The relational operator.
    public var relation: RelationalOperator
    /// The version to compare with.
    public var version: Version

    public init(_ relation: RelationalOperator, _ version: Version) {
        self.relation = relation
        self.version = version
    }

    /// Whether `candidate` satisfies the constraint.
    public func allows(_ candidate: Version) -> Bool {
        relation.holds(Version.compare(candidate.text, version.text))
    }

    public var description: String { "\(relation.text) \(Printer.quoted(version.text))" }
}

/// A formula over versions; the empty formula allows all of them.
public typealias VersionFormula = Formula<VersionConstraint>

extension Formula<VersionConstraint> {
    /// Whether the formula is true for `version`; an empty formula is true.
    public func allows(_ version: Version) -> Bool {
        evaluate { $0.allows(version) }
    }
}

/// A package with allowed versions (in `depends`) or forbidden versions (in `conflicts`), after the evaluation of
/// filters.
public struct PackageConstraint: Hashable, Sendable, CustomStringConvertible {
    public var name: PackageName
    /// The versions; an empty formula means all.
    public var versions: VersionFormula

    public init(_ name: PackageName, _ versions: VersionFormula = .empty) {
        self.name = name
        self.versions = versions
    }

    public var description: String {
        versions.isEmpty ? Printer.quoted(name.text) : "\(Printer.quoted(name.text)) {\(versions)}"
    }
}
