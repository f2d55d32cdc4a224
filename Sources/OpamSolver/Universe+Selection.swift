/// Selections are sorted as `name.version` in byte order.
extension Universe {
    /// The order of packages in a selection.
    var selectionOrder: SelectionOrder { SelectionOrder(ranks: rankOfSelection, names: packages.name) }

    /// Merges the sorted packages of two disjoint selections.
    func merged(_ left: [PackageID], _ right: [PackageID]) -> [PackageID] {
        let order = selectionOrder
        return [PackageID].merged(left, right) { order.precedes($0, $1) }
    }
}

/// Separate from the universe, since copying that costs more than sorting.
struct SelectionOrder {
    fileprivate let ranks: [Int32]
    fileprivate let names: [Int32]

    func precedes(_ one: Universe.PackageID, _ other: Universe.PackageID) -> Bool {
        ranks[Int(names[one.index])] < ranks[Int(names[other.index])]
    }
}

extension Search {
    /// The packages that the walk visited, in the order of a selection.
    func visitedPackages(_ universe: Universe) -> [Universe.PackageID] {
        let (order, nameCount) = (universe.selectionOrder, universe.nameCount)
        var packages: [Universe.PackageID] = []
        for slot in walk.visited where slot.index < nameCount { packages.append(selected[slot.index]) }
        packages.sort { order.precedes($0, $1) }
        return packages
    }

    /// The names that were examined, increasing.
    func examinedNames(_ universe: Universe) -> [Universe.NameID] {
        let nameCount = universe.nameCount
        return statistics.examined.filter { $0.index < nameCount }.sorted()
    }
}

extension Array where Element: SolverIndex {
    /// Merges two sorted arrays; elements in both occur once.
    static func merged(_ left: [Element], _ right: [Element], by areInOrder: (Element, Element) -> Bool) -> [Element] {
        var merged: [Element] = []
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
