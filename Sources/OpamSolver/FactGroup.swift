/// Facts that are left out or kept together: what all versions of a name need of the same names, or forbid of the same
/// name; or that a class allows one package.
enum FactGroup: Hashable {
    case need(of: Slot, [Slot])
    case conflict(of: Slot, Slot)
    case conflictClass(Int32)

    var owner: Slot? {
        switch self {
        case .need(let owner, _), .conflict(let owner, _): owner
        case .conflictClass: nil
        }
    }
}

/// The order in which facts are told: from the request outwards over the needs of a core; those of the request in its
/// own order, others by names. Numbers have no part in it: they differ between universes of the same packages.
struct FactOrder {
    private let universe: Universe
    private let start: Slot
    /// The names that the request asks for, in its order.
    private let roots: [String]
    private var distance: [Slot: Int]

    init(over core: Set<FactGroup>, from start: Slot, asking roots: [String], in universe: Universe) {
        self.universe = universe
        self.start = start
        self.roots = roots
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
        let (near, far) = (distance(of: left), distance(of: right))
        if near != far { return near < far }
        let (one, other) = (position(left), position(right))
        return one == other ? key(left).lexicographicallyPrecedes(key(right)) : one < other
    }

    private func distance(of group: FactGroup) -> Int {
        group.owner.flatMap { distance[$0] } ?? Int.max
    }

    /// Where the request says it; behind everything for what it does not.
    private func position(_ group: FactGroup) -> Int {
        guard case .need(start, let names) = group, let name = names.first else { return roots.count }
        return roots.firstIndex(of: self.name(name)) ?? roots.count
    }

    private func key(_ group: FactGroup) -> [String] {
        switch group {
        case .need(let owner, let names): [name(owner), "needs"] + names.map(name)
        case .conflict(let owner, let other): [name(owner), "forbids", name(other)]
        case .conflictClass(let number): ["~", universe.strings[universe.classes[Int(number)]]]
        }
    }

    /// Empty for the request itself.
    private func name(_ slot: Slot) -> String { slot < universe.nameCount ? universe.name(slot) : "" }
}
