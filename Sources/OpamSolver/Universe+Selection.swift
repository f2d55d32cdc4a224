/// Selections are sorted as `name.version` in byte order.
extension Universe {
    /// The order of packages in a selection.
    var selectionOrder: SelectionOrder { SelectionOrder(ranks: rankOfSelection, names: packages.name) }

    /// The packages of two selections that share none, in order.
    func merged(_ left: [PackageID], _ right: [PackageID]) -> [PackageID] {
        let order = selectionOrder
        return [Int32].merged(left, right) { order.precedes($0, $1) }
    }
}

/// Apart from the universe, since a copy of that costs more than sorting.
struct SelectionOrder {
    fileprivate let ranks: [Int32]
    fileprivate let names: [Universe.NameID]

    func precedes(_ one: Universe.PackageID, _ other: Universe.PackageID) -> Bool {
        ranks[Int(names[Int(one)])] < ranks[Int(names[Int(other)])]
    }
}

extension Search {
    /// The packages that were walked, in the order of a selection.
    func walkedPackages(_ universe: Universe) -> [Universe.PackageID] {
        let (order, nameCount) = (universe.selectionOrder, universe.nameCount)
        var packages: [Universe.PackageID] = []
        for slot in walked where slot < nameCount { packages.append(chosen[Int(slot)]) }
        packages.sort { order.precedes($0, $1) }
        return packages
    }

    /// The names that were examined, increasing.
    func examinedNames(_ universe: Universe) -> [Universe.NameID] {
        let nameCount = universe.nameCount
        return examined.filter { $0 < nameCount }.sorted()
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
