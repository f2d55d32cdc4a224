extension Cell {
    /// Where a cell is in the table of results, whatever the version of its package.
    package struct Position: Hashable, Sendable {
        /// The target's name.
        package var target: String
        /// The compiler's version.
        package var compiler: String
        /// The package's name, of a unikernel with its backend.
        package var package: String
    }

    /// The cell without its package's version: two cells of one position are two versions of a package.
    package var position: Position {
        Position(
            target: target, compiler: compiler,
            package: package.backend.map { "\(package.name)@\($0)" } ?? package.name)
    }
}
