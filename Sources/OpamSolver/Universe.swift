internal import OpamFormat

/// Every version of every package of a repository in flat arrays of integers: `depends`, `conflicts`, `conflict-class`,
/// `available` and `flags`, before any variable of a target is known.
///
/// Names, versions, filters and formulas are stored once each and identified by numbers. Constraints on versions are
/// ranges of existing versions, independent of the target. One universe serves every target: see ``TargetUniverse``.
///
/// - SeeAlso: `docs/decisions/0024-universe-cache-format.md`
public struct Universe: Sendable, Equatable {
    /// The name of a package. Names are the first slots of the solver; their order is not that of their texts.
    public typealias NameID = Slot
    /// A version of a package: a candidate of its name. The versions of a name are consecutive, oldest first.
    public typealias PackageID = Candidate

    var strings = StringTable()
    /// The text of each name.
    var names: [Int32] = []
    /// The names in the order of their bytes.
    var namesInOrder: [Int32] = []
    /// The rank of each name when packages are sorted as `name.version`.
    var rankOfSelection: [Int32] = []
    /// The first version of each name, followed by the end of the last name's versions.
    var firstPackage: [Int32] = [0]
    /// The fingerprint of the files of each name, for updates: see ``UniverseBuilder``.
    var fingerprints: [Int32] = []
    var packages = PackageTable()
    var filters = FilterTable()
    /// The versions that occur in constraints.
    var bounds = BoundTable()
    /// Atoms of formulas: a name and a condition.
    var atoms = AtomTable()
    /// Formulas over atoms. Number 0 is the empty formula.
    var formulas = TermTable()
    /// Lists of atoms, for conflicts. Number 0 is empty.
    var atomLists = TermTable()
    /// The text of each conflict class.
    var classes: [Int32] = []
    /// Lists of conflict classes. Number 0 is empty.
    var classLists = TermTable()
    /// The problems in files: the names, and the texts of the messages.
    var problemNames: [Int32] = []
    var problemTexts: [Int32] = []

    init() {}

    // MARK: Names and versions

    /// The number of names, including those that are only mentioned.
    public var nameCount: Int { names.count }
    /// The number of package versions.
    public var packageCount: Int { packages.version.count }

    /// The text of a package's name.
    public func name(_ name: NameID) -> String { strings[names[name.index]] }

    /// All names in byte order, including those that are only mentioned.
    public var allNames: [NameID] { namesInOrder.map { NameID(rawValue: $0) } }

    /// The fingerprint of the files of a name, as given to ``UniverseBuilder``; nil for a name that is only mentioned.
    public func fingerprint(of name: NameID) -> String? {
        let fingerprint = fingerprints[name.index]
        return fingerprint >= 0 ? strings[fingerprint] : nil
    }

    /// The number of a name in the universe; nil if it does not occur.
    ///
    /// - Complexity: O(log names).
    public func nameID(_ text: String) -> NameID? {
        let wanted = Array(text.utf8)
        var low = 0
        var high = namesInOrder.count
        while low < high {
            let middle = (low + high) / 2
            let found = strings.bytes[strings.range(names[Int(namesInOrder[middle])])]
            if found.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
        }
        guard low < namesInOrder.count else { return nil }
        let found = NameID(rawValue: namesInOrder[low])
        return name(found) == text ? found : nil
    }

    /// The versions of a name, oldest first.
    public func versions(of name: NameID) -> Range<PackageID> {
        PackageID(rawValue: firstPackage[name.index])..<PackageID(rawValue: firstPackage[name.index + 1])
    }

    /// The name of a package version.
    public func nameID(of package: PackageID) -> NameID { NameID(rawValue: packages.name[package.index]) }

    /// The version of a package version.
    public func version(of package: PackageID) -> String { strings[packages.version[package.index]] }

    /// `name.version`
    public func text(of package: PackageID) -> String { "\(name(nameID(of: package))).\(version(of: package))" }

    /// The version of a name that is equal to `version` in opam's order.
    public func package(_ name: NameID, version: String) -> PackageID? {
        let range = bounds(of: version, in: versions(of: name))
        return range.first { self.version(of: $0) == version } ?? range.first
    }

    /// Whether a version has the flag `avoid-version`.
    public func isAvoided(_ package: PackageID) -> Bool { packages.isAvoided[package.index] != 0 }

    /// Messages about unreadable files and invalid fields.
    public var problems: [(name: NameID, message: String)] {
        zip(problemNames, problemTexts).map { (NameID(rawValue: $0), strings[$1]) }
    }

    /// The versions in `range` that are equal to `version`.
    func bounds(of version: String, in range: Range<PackageID>) -> Range<PackageID> {
        let lower = firstIndex(in: range) { Version.compare(self.version(of: $0), version) >= 0 }
        let upper = firstIndex(in: lower..<range.upperBound) { Version.compare(self.version(of: $0), version) > 0 }
        return lower..<upper
    }

    private func firstIndex(in range: Range<PackageID>, where holds: (PackageID) -> Bool) -> PackageID {
        var (low, high) = (range.lowerBound.index, range.upperBound.index)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(PackageID(middle)) { high = middle } else { low = middle + 1 }
        }
        return PackageID(low)
    }
}
