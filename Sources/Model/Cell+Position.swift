extension Cell {
    /// The position of a cell in the table of results, independent of the version of its package.
    package struct Position: Hashable, Sendable {
        /// The target's name.
        package var target: String
        /// The compiler's version.
        package var compiler: String
        /// The package's name, for a unikernel with its backend.
        package var package: String
    }

    /// The cell without the version of its package: two cells with equal positions are two versions of one package.
    package var position: Position {
        Position(
            target: target, compiler: compiler,
            package: package.backend.map { "\(package.name)@\($0)" } ?? package.name)
    }
}
