/// Facts that are left out or kept together: what all versions of a name need of the same names, or forbid of the same
/// name; or that a class allows one package.
enum FactGroup: Hashable {
    case need(of: Slot, [Slot])
    case conflict(of: Slot, Slot)
    case conflictClass(Int32)

    /// A key to sort by, after the distance.
    var key: [Int32] {
        switch self {
        case .need(let owner, let names): [owner, 0] + names
        case .conflict(let owner, let name): [owner, 1, name]
        case .conflictClass(let number): [.max, number]
        }
    }

    var owner: Slot? {
        switch self {
        case .need(let owner, _), .conflict(let owner, _): owner
        case .conflictClass: nil
        }
    }
}

/// How far names are from the request, over the needs of a core.
struct Distances {
    private var distance: [Slot: Int]

    init(over core: Set<FactGroup>, from start: Slot) {
        var needs: [Slot: [Slot]] = [:]
        for group in core {
            if case .need(let owner, let names) = group { needs[owner, default: []] += names }
        }
        distance = [start: 0]
        var queue = [start][...]
        while let slot = queue.popFirst() {
            for name in needs[slot] ?? [] where distance[name] == nil {
                distance[name] = (distance[slot] ?? 0) + 1
                queue.append(name)
            }
        }
    }

    func areOrdered(_ left: FactGroup, _ right: FactGroup) -> Bool {
        let (near, far) = (of(left), of(right))
        return near == far ? left.key.lexicographicallyPrecedes(right.key) : near < far
    }

    private func of(_ group: FactGroup) -> Int {
        group.owner.flatMap { distance[$0] } ?? Int.max
    }
}
