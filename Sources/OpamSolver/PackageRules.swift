public import OpamFormat

/// What an opam file says about what can be installed with what.
public struct PackageRules: Sendable {
    public var available: Filter
    public var depends: DependencyFormula
    public var conflicts: DependencyFormula
    public var conflictClasses: [PackageName]
    public var isAvoided: Bool

    /// Reads the fields that count.
    ///
    /// - Parameter problems: Gains an error for each field that cannot be understood, which is then as good as absent.
    public init(_ file: OpamFile, problems: inout [FormatError]) {
        depends = file.read(.depends, problems: &problems)
        conflicts = file.read(.conflicts, problems: &problems)
        conflictClasses = file.read(.conflictClasses, problems: &problems)
        _ = file.read(.available, problems: &problems)
        available = file.available
        isAvoided = file.flags.contains("avoid-version")
    }
}
