/// Constraints that are kept in or deleted from a core together: the dependencies of all versions of a name on the same
/// names, their conflicts with the same name, or one conflict class.
enum ConstraintGroup: Hashable {
    case dependency(of: Slot, [Slot])
    case conflict(of: Slot, Slot)
    case conflictClass(Int32)

    var owner: Slot? {
        switch self {
        case .dependency(let owner, _), .conflict(let owner, _): owner
        case .conflictClass: nil
        }
    }
}

/// The order of facts in an explanation: by distance from the request along the dependencies of the core, then in the
/// order of the request, then by name. Indices are not used: they differ between universes of the same packages.
struct ConstraintOrder {
    private let universe: Universe
    private let start: Slot
    /// The names that the request asks for, in order.
    private let roots: [String]
    private var distance: [Slot: Int]

    init(over core: Set<ConstraintGroup>, from start: Slot, asking roots: [String], in universe: Universe) {
        self.universe = universe
        self.start = start
        self.roots = roots
        var needs: [Slot: [Slot]] = [:]
        for group in core {
            if case .dependency(let owner, let names) = group { needs[owner, default: []] += names }
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

    func areOrdered(_ left: ConstraintGroup, _ right: ConstraintGroup) -> Bool {
        let (near, far) = (distance(of: left), distance(of: right))
        if near != far { return near < far }
        let (one, other) = (position(left), position(right))
        return one == other ? key(left).lexicographicallyPrecedes(key(right)) : one < other
    }

    private func distance(of group: ConstraintGroup) -> Int {
        group.owner.flatMap { distance[$0] } ?? Int.max
    }

    /// The position among the roots of the request; for anything else, one after the last.
    private func position(_ group: ConstraintGroup) -> Int {
        guard case .dependency(start, let names) = group, let name = names.first else { return roots.count }
        return roots.firstIndex(of: self.name(name)) ?? roots.count
    }

    private func key(_ group: ConstraintGroup) -> [String] {
        switch group {
        case .dependency(let owner, let names): [name(owner), "needs"] + names.map(name)
        case .conflict(let owner, let other): [name(owner), "forbids", name(other)]
        case .conflictClass(let number): ["~", universe.strings[universe.classes[Int(number)]]]
        }
    }

    /// Empty for the request itself.
    private func name(_ slot: Slot) -> String { slot.index < universe.nameCount ? universe.name(slot) : "" }
}
