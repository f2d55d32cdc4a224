public import OpamFormat

/// The relations of an opam file to other packages, and where it is available.
public struct PackageRelations: Sendable {
    /// The filter that decides whether the version exists on a target.
    public var available: Filter
    /// All packages that must be selected with it.
    public var depends: DependencyFormula
    /// Packages that exclude it.
    public var conflicts: DependencyFormula
    /// Classes of which at most one package is selected.
    public var conflictClasses: [PackageName]
    /// Whether `avoid-version` or `deprecated` asks for other versions first.
    public var isAvoided: Bool

    /// Of a version whose files cannot be used: it is there, and available nowhere.
    public static let unusable = PackageRelations(
        available: .bool(false), depends: .empty, conflicts: .empty, conflictClasses: [], isAvoided: false)

    private init(
        available: Filter, depends: DependencyFormula, conflicts: DependencyFormula, conflictClasses: [PackageName],
        isAvoided: Bool
    ) {
        self.available = available
        self.depends = depends
        self.conflicts = conflicts
        self.conflictClasses = conflictClasses
        self.isAvoided = isAvoided
    }

    /// The fields that are validated by reading them.
    public static let checkedFields = ["depends", "conflicts", "conflict-class", "available"]

    /// Reads the fields that the solver uses.
    ///
    /// - Parameter problems: receives an error for each field that cannot be read; such a field counts as absent.
    public init(_ file: OpamFile, problems: inout [FormatError]) {
        depends = file.read(.depends, problems: &problems)
        conflicts = file.read(.conflicts, problems: &problems)
        conflictClasses = file.read(.conflictClasses, problems: &problems)
        _ = file.read(.available, problems: &problems)
        available = file.available
        isAvoided = file.flags.contains("avoid-version")
    }
}
