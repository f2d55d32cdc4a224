/// The edges of a growing graph: for each node its inputs and dependents.
struct Adjacency: Sendable {
    private var offsets: [Int32] = [0]
    private var inputs: [Int32] = []
    /// For each node its newest edge to a dependent, and for each edge the previous one: linked lists in one array.
    private var newest: [Int32] = []
    private var edges: [(dependent: Int32, previous: Int32)] = []

    var count: Int { newest.count }

    mutating func reserve(_ nodes: Int) {
        offsets.reserveCapacity(count + nodes + 1)
        newest.reserveCapacity(count + nodes)
    }

    /// Adds a node that depends on distinct earlier nodes.
    mutating func add(inputs list: [Int]) {
        let node = Int32(count)
        newest.append(-1)
        for input in list where !inputs[Int(offsets[count - 1])...].contains(Int32(input)) {
            inputs.append(Int32(input))
            edges.append((node, newest[input]))
            newest[input] = Int32(edges.count - 1)
        }
        offsets.append(Int32(inputs.count))
    }

    func inputs(of node: Int) -> ArraySlice<Int32> { inputs[Int(offsets[node])..<Int(offsets[node + 1])] }

    func dependents(of node: Int) -> Dependents { Dependents(edges: edges, edge: newest[node]) }

    /// The dependents of a node, the newest first.
    struct Dependents: Sequence, IteratorProtocol {
        fileprivate let edges: [(dependent: Int32, previous: Int32)]
        fileprivate var edge: Int32

        mutating func next() -> Int? {
            guard edge >= 0 else { return nil }
            defer { edge = edges[Int(edge)].previous }
            return Int(edges[Int(edge)].dependent)
        }
    }
}
