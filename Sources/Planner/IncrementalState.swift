internal import Core
package import Model

/// The state that makes planning incremental: with it, after a change of the repositories, only cells that the changed
/// opam files can affect are solved again.
///
/// A cell is kept if the inputs of its column in the matrix and the target are unchanged, and so are the package names
/// that its answer was derived from. Other parts of the matrix determine which cells exist. Names are compared by the
/// locations of their versions (`PackageSource.fingerprint`) and their pins, so that any two states can be compared,
/// not only consecutive ones.
///
/// - SeeAlso: `docs/decisions/0042-cached-answers.md`
package struct IncrementalState: Sendable, Equatable {
    /// Of what all cells depend on.
    var inputsKey: Digest
    /// Of what decides which cells there are.
    var selection: Digest
    /// The rules for cells that are decided.
    var rules: [String] = []
    var stacks: [StackState] = []
    var columns: [ColumnState] = []
    var jobs = JobUses()
}

/// The names of some repositories laid over each other.
struct StackState: Sendable, Equatable {
    /// What the repositories are called.
    var key = ""
    /// Known names, in any order, with those that are only mentioned.
    var names = FlatTexts()
    /// By number of a name; empty if it had no versions.
    var fingerprints = FlatTexts()
}

/// The cells of a target with a compiler.
struct ColumnState: Sendable, Equatable {
    /// `TARGET/COMPILER`
    var name: String
    /// The number of its repositories in `stacks`.
    var stack: Int
    /// Of what all cells of the column depend on.
    var inputsKey: Digest
    /// `name.version`, in the order of cells.
    var packages = FlatTexts()
    var flags: [Int32] = []
    /// The names, by number in the stack, that each cell was made from.
    var examined = FlatLists()

    /// What distinguishes requests for one package version.
    struct Flags: OptionSet, Sendable {
        let rawValue: Int32
        static let isExplicit = Flags(rawValue: 1)
        static let withTest = Flags(rawValue: 2)
        static let withDoc = Flags(rawValue: 4)
        static let lowerBounds = Flags(rawValue: 8)
        static let isExcluded = Flags(rawValue: 16)
        /// The solver gave up: another time it may not.
        static let isOpen = Flags(rawValue: 32)
    }

    /// Whether each cell was made from something that has changed.
    ///
    /// - Parameter isChanged: By number of a name.
    /// - Complexity: O(names that all cells were made from).
    func invalidated(_ isChanged: [Bool]) -> [Bool] {
        examined.ends.indices.map { cell in
            Flags(rawValue: flags[cell]).contains(.isOpen)
                || examined.range(cell).contains { isChanged[Int(examined.numbers[$0])] }
        }
    }

    /// Adds excluded cells to those that are solved again.
    func addExcluded(to invalidated: inout [Bool]) {
        for cell in flags.indices where Flags(rawValue: flags[cell]).contains(.isExcluded) { invalidated[cell] = true }
    }
}

extension ColumnState {
    /// The cells of a package.
    ///
    /// - Complexity: O(log cells).
    func cells(ofPackage name: String) -> Range<Int> {
        let wanted = Array(name.utf8)
        let start = firstCell { $0.lexicographicallyPrecedes(wanted) }
        return start..<firstCell { !wanted.lexicographicallyPrecedes($0) }
    }

    /// The cells whose package's name, or name and version, one of the globs fits.
    ///
    /// - Complexity: O(log cells) for a glob that is a name, O(cells) for others.
    func cells(matching globs: [Glob]) -> Set<Int> {
        var found: Set<Int> = []
        for glob in globs {
            let name = glob.isLiteral ? packageName(glob.pattern) : nil
            for cell in name.map(cells(ofPackage:)) ?? 0..<packages.count {
                let text = packages[cell]
                if glob.matches(packageName(text)) || glob.matches(text) { found.insert(cell) }
            }
        }
        return found
    }

    /// Where in the order of cells a package version has its place, which is not before `start`.
    ///
    /// - Complexity: O(log cells in between).
    func place(of package: PackageVersion, from start: Int) -> Int {
        var (low, high, step) = (start, start, 1)
        while high < packages.count, let found = PackageVersion(packages[high]), found < package {
            (low, high, step) = (high + 1, high + step, step * 2)
        }
        high = min(high, packages.count)
        while low < high {
            let middle = (low + high) / 2
            if let found = PackageVersion(packages[middle]), found < package { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first cell for whose package's name `isBefore` does not hold.
    private func firstCell(_ isBefore: (ArraySlice<UInt8>) -> Bool) -> Int {
        var (low, high) = (0, packages.count)
        while low < high {
            let middle = (low + high) / 2
            let name = packages.bytes[packages.range(middle)].prefix { $0 != UInt8(ascii: ".") }
            if isBefore(name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds cells of another state of the column.
    mutating func append(_ cells: Range<Int>, of other: ColumnState) {
        packages.append(cells, of: other.packages)
        flags.append(contentsOf: other.flags[cells])
        examined.append(cells, of: other.examined)
    }

    /// What is asked for, each a line.
    var requests: (count: Int, lines: [UInt8]) {
        var lines: [UInt8] = []
        lines.reserveCapacity(packages.bytes.count + packages.count)
        var count = 0
        for cell in 0..<packages.count {
            let flags = Flags(rawValue: flags[cell])
            if flags.contains(.isExcluded) { continue }
            count += 1
            lines.append(contentsOf: packages.bytes[packages.range(cell)])
            for (flag, word) in Self.words where flags.contains(flag) { lines.append(contentsOf: word.utf8) }
            lines.append(UInt8(ascii: "\n"))
        }
        return (count, lines)
    }

    private static let words: [(Flags, String)] = [
        (.withTest, " with-test"), (.withDoc, " with-doc"), (.lowerBounds, " lower-bounds"),
    ]
}

extension ColumnState.Flags {
    init(_ entry: ColumnCells.Entry) {
        self = []
        if entry.origin.isExplicit { insert(.isExplicit) }
        if entry.options.withTest { insert(.withTest) }
        if entry.options.withDoc { insert(.withDoc) }
        if entry.options.lowerBounds { insert(.lowerBounds) }
        if entry.exclusion != nil { insert(.isExcluded) }
    }
}

/// An earlier plan, and what is remembered of how it was made.
package struct PreviousPlan: Sendable {
    /// The head of the previous plan.
    package let header: PlanHeader
    /// What was kept of how it was made.
    package let memory: IncrementalState
    /// The cells of a shard, in their order; none where the plan has no such shard.
    package let cells: @Sendable (CellShard) throws -> [PlannedCell]
    /// The document with the metadata of packages; nil if the plan has none.
    package let metadata: @Sendable () throws -> [UInt8]?

    package init(
        header: PlanHeader, memory: IncrementalState,
        cells: @escaping @Sendable (CellShard) throws -> [PlannedCell],
        metadata: @escaping @Sendable () throws -> [UInt8]? = { nil }
    ) {
        self.header = header
        self.memory = memory
        self.cells = cells
        self.metadata = metadata
    }
}
