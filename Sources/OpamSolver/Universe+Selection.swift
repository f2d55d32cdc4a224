/// Selections are sorted as `name.version` in byte order.
extension Universe {
    private func rank(_ package: PackageID) -> Int32 { rankOfSelection[Int(nameID(of: package))] }

    /// Puts the packages of a selection in order.
    func sortAsSelection(_ packages: inout [PackageID]) {
        packages.sort { rank($0) < rank($1) }
    }

    /// The packages of two selections that share none, in order.
    func merged(_ left: [PackageID], _ right: [PackageID]) -> [PackageID] {
        [Int32].merged(left, right) { rank($0) < rank($1) }
    }
}

extension Search {
    /// The packages that were walked, in the order of a selection.
    func walkedPackages(_ universe: Universe) -> [Universe.PackageID] {
        var packages: [Universe.PackageID] = []
        for slot in walked where slot < universe.nameCount { packages.append(chosen[Int(slot)]) }
        universe.sortAsSelection(&packages)
        return packages
    }

    /// The names that were examined, increasing.
    func examinedNames(_ universe: Universe) -> [Universe.NameID] {
        examined.filter { $0 < universe.nameCount }.sorted()
    }
}

extension [Int32] {
    /// The elements of two arrays, each in order, in order; what is in both is there once.
    static func merged(_ left: [Int32], _ right: [Int32], by areInOrder: (Int32, Int32) -> Bool) -> [Int32] {
        var merged: [Int32] = []
        merged.reserveCapacity(left.count + right.count)
        var next = 0
        for element in left {
            while next < right.count, areInOrder(right[next], element) {
                merged.append(right[next])
                next += 1
            }
            if next < right.count, right[next] == element { next += 1 }
            merged.append(element)
        }
        merged += right[next...]
        return merged
    }
}
