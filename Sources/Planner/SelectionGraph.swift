internal import OpamFormat
internal import OpamSolver

/// The packages selected for a request with their build dependencies.
struct SelectionGraph {
    /// The selected version of each name; nil if none is selected.
    private var chosen: [Universe.PackageID?]
    private var edges: [Universe.PackageID: Edges] = [:]

    /// The distinct direct dependencies of a package, in textual order.
    struct Edges {
        var needed: [Universe.PackageID] = []
        /// The dependencies that only `depopts` contains.
        var optional: [Universe.PackageID] = []
    }

    /// Packages that depend on each other in a cycle.
    struct Cycle: Error {
        var packages: [Universe.PackageID]
    }

    init(nameCount: Int) {
        chosen = Array(repeating: nil, count: nameCount)
    }

    /// Replaces the selection.
    mutating func select(_ packages: [Universe.PackageID], in universe: Universe) {
        for index in chosen.indices { chosen[index] = nil }
        for package in packages { chosen[universe.nameID(of: package).index] = package }
        edges.removeAll(keepingCapacity: true)
    }

    /// The selected packages.
    var selection: [Universe.PackageID] { chosen.compactMap(\.self) }

    /// The packages that `formula` requires, each once: for a disjunction, the first alternative that the selection
    /// satisfies, which is the one that the solver chose.
    func inputs(_ formula: Formula<AllowedVersions>) -> [Universe.PackageID] {
        var found: [Universe.PackageID] = []
        _ = collect(formula, into: &found)
        var seen: Set<Universe.PackageID> = []
        return found.filter { seen.insert($0).inserted }
    }

    private func collect(_ formula: Formula<AllowedVersions>, into found: inout [Universe.PackageID]) -> Bool {
        switch formula {
        case .atom(let atom):
            guard let package = package(atom) else { return false }
            found.append(package)
            return true
        case .all(let parts):
            return parts.reduce(true) { met, part in collect(part, into: &found) && met }
        case .any(let parts):
            for part in parts {
                let count = found.count
                if collect(part, into: &found) { return true }
                found.removeLast(found.count - count)
            }
            return false
        }
    }

    private func package(_ atom: AllowedVersions) -> Universe.PackageID? {
        guard let name = atom.name, let package = chosen[name.index], atom.allows(package) else { return nil }
        return package
    }

    /// The dependencies of `package` in this selection, by opam's rules for build order.
    mutating func edges(of package: Universe.PackageID, _ facts: BuildFacts, depends: Formula<AllowedVersions>) -> Edges
    {
        if let known = edges[package] { return known }
        let needed = inputs(depends)
        let optional = facts.depopts.compactMap { self.package($0) }.filter { !needed.contains($0) && $0 != package }
        let found = Edges(needed: needed.filter { $0 != package }, optional: optional)
        edges[package] = found
        return found
    }

    /// Removes optional inputs from packages that are on a cycle of inputs, like the opam client.
    ///
    /// The result does not depend on the order of the search, so that equal selections give equal jobs.
    mutating func dropOptionalInputsOnCycles() {
        let components = StronglyConnected(edges.mapValues { $0.needed + $0.optional }).component
        for (package, outgoing) in edges {
            edges[package]?.optional = outgoing.optional.filter { components[$0] != components[package] }
        }
    }
}

/// The strongly connected components of a graph, by R. Tarjan's algorithm (Depth-first search and linear graph
/// algorithms, 1972).
struct StronglyConnected<Node: Hashable & Comparable> {
    /// Nodes of the same component have the same number.
    private(set) var component: [Node: Int] = [:]
    private let graph: [Node: [Node]]
    private var index: [Node: Int] = [:]
    private var low: [Node: Int] = [:]
    private var stack: [Node] = []
    private var onStack: Set<Node> = []

    init(_ graph: [Node: [Node]]) {
        self.graph = graph
        for node in graph.keys.sorted() where index[node] == nil { visit(node) }
    }

    private mutating func visit(_ node: Node) {
        let number = index.count
        index[node] = number
        var lowest = number
        stack.append(node)
        onStack.insert(node)
        for next in graph[node] ?? [] {
            if index[next] == nil {
                visit(next)
                lowest = min(lowest, low[next] ?? lowest)
            } else if onStack.contains(next) {
                lowest = min(lowest, index[next] ?? lowest)
            }
        }
        low[node] = lowest
        guard lowest == number else { return }
        while let member = stack.popLast() {
            onStack.remove(member)
            component[member] = number
            if member == node { break }
        }
    }
}
