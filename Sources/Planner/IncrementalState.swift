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
    /// The digest of the inputs common to all cells.
    var inputsKey: Digest
    /// The digest of the inputs that determine which cells exist.
    var selection: Digest
    /// The rules for solved cells.
    var rules: [String] = []
    var stacks: [StackState] = []
    var columns: [ColumnState] = []
    var jobs = JobUses()
}

/// The package names of a stack of repositories.
struct StackState: Sendable, Equatable {
    /// A text that identifies the repositories.
    var key = ""
    /// The known names in any order, including names that are only mentioned.
    var names = FlatTexts()
    /// The fingerprints by the number of the name; empty for names without versions.
    var fingerprints = FlatTexts()
}

/// The cells of a target with a compiler.
struct ColumnState: Sendable, Equatable {
    /// `TARGET/COMPILER`
    var name: String
    /// The index of its repositories in `stacks`.
    var stack: Int
    /// The digest of the inputs common to all cells of the column.
    var inputsKey: Digest
    /// The packages as `name.version`, in the order of cells.
    var packages = FlatTexts()
    var flags: [Int32] = []
    /// The names from which each cell was derived, as numbers in the stack.
    var examined = FlatLists()

    /// The properties that distinguish requests for one package version.
    struct Flags: OptionSet, Sendable {
        let rawValue: Int32
        static let isExplicit = Flags(rawValue: 1)
        static let withTest = Flags(rawValue: 2)
        static let withDoc = Flags(rawValue: 4)
        static let lowerBounds = Flags(rawValue: 8)
        static let isExcluded = Flags(rawValue: 16)
        /// The solver gave up, and might succeed another time.
        static let isOpen = Flags(rawValue: 32)
    }

    /// Whether each cell was derived from something that has changed.
    ///
    /// - Parameter isChanged: For each name, by its number, whether it has changed.
    /// - Complexity: O(names from which all cells were derived).
    func invalidated(_ isChanged: [Bool]) -> [Bool] {
        examined.ends.indices.map { cell in
            Flags(rawValue: flags[cell]).contains(.isOpen)
                || examined.range(cell).contains { isChanged[Int(examined.elements[$0])] }
        }
    }

    /// Marks excluded cells as invalidated.
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

    /// The cells whose package name, or `name.version`, matches one of the globs.
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

    /// The position of a package version in the order of cells, at or after `start`.
    ///
    /// - Complexity: O(log cells in between).
    func position(of package: PackageVersion, from start: Int) -> Int {
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

    /// The first cell whose package name does not satisfy `isBefore`.
    private func firstCell(_ isBefore: (ArraySlice<UInt8>) -> Bool) -> Int {
        var (low, high) = (0, packages.count)
        while low < high {
            let middle = (low + high) / 2
            let name = packages.elements[packages.range(middle)].prefix { $0 != UInt8(ascii: ".") }
            if isBefore(name) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Appends cells of another state of the column.
    mutating func append(_ cells: Range<Int>, of other: ColumnState) {
        packages.append(cells, of: other.packages)
        flags.append(contentsOf: other.flags[cells])
        examined.append(cells, of: other.examined)
    }

    /// The requests, one line for each.
    var requests: (count: Int, lines: [UInt8]) {
        var lines: [UInt8] = []
        lines.reserveCapacity(packages.elements.count + packages.count)
        var count = 0
        for cell in 0..<packages.count {
            let flags = Flags(rawValue: flags[cell])
            if flags.contains(.isExcluded) { continue }
            count += 1
            lines.append(contentsOf: packages.elements[packages.range(cell)])
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

/// A previous plan with its incremental state.
package struct PreviousPlan: Sendable {
    /// The head of the previous plan.
    package let header: PlanHeader
    /// The incremental state.
    package let memory: IncrementalState
    /// The cells of a shard, in order; empty if the plan has no such shard.
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
