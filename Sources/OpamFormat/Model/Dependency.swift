/// A package in a `depends`, `depopts` or `conflicts` field, with what is in its braces.
public struct Dependency: Hashable, Sendable, CustomStringConvertible {
    /// The package depended upon.
    public var name: PackageName
    /// Empty when nothing is asked.
    public var condition: Formula<Condition>

    /// What the braces can contain.
    public enum Condition: Hashable, Sendable, CustomStringConvertible {
        /// `>= "1.2"` or `= version`: the version is a text or a variable.
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

/// A formula as in `depends:`.
public typealias DependencyFormula = Formula<Dependency>

/// `>= 1.2`
public struct VersionConstraint: Hashable, Sendable, CustomStringConvertible {
    /// How the version is compared.
    public var relation: RelationalOperator
    /// The version compared with.
    public var version: Version

    public init(_ relation: RelationalOperator, _ version: Version) {
        self.relation = relation
        self.version = version
    }

    /// Whether `candidate` is in the relation to the version.
    public func allows(_ candidate: Version) -> Bool {
        relation.holds(Version.compare(candidate.text, version.text))
    }

    public var description: String { "\(relation.text) \(Printer.quoted(version.text))" }
}

/// Versions of a package; the empty formula allows them all.
public typealias VersionFormula = Formula<VersionConstraint>

extension Formula<VersionConstraint> {
    /// Whether the formula is true for `version`; an empty formula is true.
    public func allows(_ version: Version) -> Bool {
        evaluate { $0.allows(version) }
    }
}

/// A package in versions that are allowed (in `depends`) or forbidden (in `conflicts`), once filters are decided.
public struct PackageConstraint: Hashable, Sendable, CustomStringConvertible {
    public var name: PackageName
    /// The versions concerned; an empty formula means all.
    public var versions: VersionFormula

    public init(_ name: PackageName, _ versions: VersionFormula = .empty) {
        self.name = name
        self.versions = versions
    }

    public var description: String {
        versions.isEmpty ? Printer.quoted(name.text) : "\(Printer.quoted(name.text)) {\(versions)}"
    }
}
