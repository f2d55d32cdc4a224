public import OpamFormat

/// The relations of an opam file to other packages, and where it is available.
public struct PackageRelations: Sendable {
    public var available: Filter
    public var depends: DependencyFormula
    public var conflicts: DependencyFormula
    public var conflictClasses: [PackageName]
    public var isAvoided: Bool

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
