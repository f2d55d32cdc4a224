/// Assigns numbers to ids, from 0 in the order of addition.
public struct JobNumbers<ID: Hashable & Sendable>: Sendable {
    public private(set) var ids: [ID] = []
    private var numbers: [ID: Int32] = [:]

    public init() {}

    public subscript(number: Int) -> ID { ids[number] }

    /// The number of an id; nil if it was not added.
    public func number(of id: ID) -> Int? { numbers[id].map(Int.init) }

    /// The number of an id, which is added if necessary.
    public mutating func add(_ id: ID) -> Int {
        if let known = numbers[id] { return Int(known) }
        numbers[id] = Int32(ids.count)
        ids.append(id)
        return ids.count - 1
    }
}
