internal import OpamFormat

/// The key of a table of filters.
struct FilterKey: Hashable {
    let text: Int32
    let ownVersion: Int32
}

/// The key of a table of bounds.
struct BoundKey: Hashable {
    let name: Int32
    let version: Int32
}

/// The key of a table of atoms.
struct AtomKey: Hashable {
    let name: Int32
    let condition: Int32
}

/// One row of a table of packages.
struct PackageRow {
    var name: Int32
    var version: Int32
    var available: Int32
    var isAvoided: Int32
    var depends: Int32
    var conflicts: Int32
    var classes: Int32
}

extension PackageTable {
    subscript(index: Int) -> PackageRow {
        PackageRow(
            name: name[index], version: version[index], available: available[index], isAvoided: isAvoided[index],
            depends: depends[index], conflicts: conflicts[index], classes: classes[index])
    }

    mutating func append(_ row: PackageRow) {
        name.append(row.name)
        version.append(row.version)
        available.append(row.available)
        isAvoided.append(row.isAvoided)
        depends.append(row.depends)
        conflicts.append(row.conflicts)
        classes.append(row.classes)
    }
}

extension TermTable {
    init(_ terms: [[Int32]]) {
        for term in terms { append(term) }
    }

    var terms: [[Int32]] { ends.indices.map { Array(self[Int32($0)]) } }
}

extension Universe {
    /// Whether a variable is the version of the package whose file contains it.
    static func isOwnVersion(_ variable: Variable) -> Bool {
        variable.name == "version" && (variable.scope == .global || variable.scope == .own)
    }

    /// The rank of each name when packages are sorted as `name.version`.
    func selectionRanks() -> [Int32] {
        let keys = names.map { strings.bytes[strings.range($0)] + [UInt8(ascii: ".")] }
        var ranks = [Int32](repeating: 0, count: names.count)
        for (rank, name) in names.indices.sorted(by: { keys[$0].lexicographicallyPrecedes(keys[$1]) }).enumerated() {
            ranks[name] = Int32(rank)
        }
        return ranks
    }

    /// Stores the packages: name after name, each with its versions from oldest to newest.
    mutating func setPackages(_ rows: [[PackageRow]]) {
        firstPackage = [0]
        for versions in rows {
            let texts = versions.map { strings[$0.version] }
            let order = versions.indices.sorted { left, right in
                let order = Version.compare(texts[left], texts[right])
                return order == 0 ? texts[left] < texts[right] : order < 0
            }
            for index in order { packages.append(versions[index]) }
            firstPackage.append(Int32(packageCount))
        }
    }

    mutating func setBounds(_ keys: [BoundKey]) {
        for key in keys {
            let range = bounds(of: strings[key.version], in: versions(of: NameID(rawValue: key.name)))
            bounds.name.append(key.name)
            bounds.version.append(key.version)
            bounds.lower.append(range.lowerBound.rawValue)
            bounds.upper.append(range.upperBound.rawValue)
        }
    }
}
