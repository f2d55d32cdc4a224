public import OpamFormat

/// The relations of an opam file to other packages, and its availability.
public struct PackageRelations: Sendable {
    /// The filter that decides whether the version exists on a target.
    public var available: Filter
    /// All packages that must be selected with it.
    public var depends: DependencyFormula
    /// Packages that exclude it.
    public var conflicts: DependencyFormula
    /// The conflict classes: of each, at most one package is selected.
    public var conflictClasses: [PackageName]
    /// Whether it has the flag `avoid-version` or `deprecated`, so that other versions are tried first.
    public var isAvoided: Bool

    /// The relations of a version with unusable files: it exists, but is available nowhere.
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
