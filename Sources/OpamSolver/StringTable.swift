/// Distinct texts, concatenated in one array of bytes and identified by numbers.
struct StringTable: Sendable, Equatable {
    var bytes: [UInt8] = []
    /// The end of each text; it starts at the end of the previous one.
    var ends: [Int32] = []

    var count: Int { ends.count }

    func range(_ id: Int32) -> Range<Int> {
        (id == 0 ? 0 : Int(ends[Int(id) - 1]))..<Int(ends[Int(id)])
    }

    subscript(id: Int32) -> String { String(decoding: bytes[range(id)], as: UTF8.self) }

    func isOrdered(_ left: Int32, before right: Int32) -> Bool {
        bytes[range(left)].lexicographicallyPrecedes(bytes[range(right)])
    }

    mutating func append(_ text: String) -> Int32 {
        bytes.append(contentsOf: text.utf8)
        ends.append(Int32(bytes.count))
        return Int32(ends.count - 1)
    }
}

/// Assigns numbers from 0 to distinct values.
struct Interned<Value: Hashable> {
    private(set) var values: [Value] = []
    private var numbers: [Value: Int32] = [:]

    init(_ values: [Value] = []) {
        for value in values { _ = number(of: value) }
    }

    mutating func number(of value: Value) -> Int32 {
        if let number = numbers[value] { return number }
        let number = Int32(values.count)
        values.append(value)
        numbers[value] = number
        return number
    }
}
