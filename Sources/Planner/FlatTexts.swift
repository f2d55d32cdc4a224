/// Texts, one after the other in one array of bytes, by number: made and copied without a string for each.
struct FlatTexts: Sendable, Equatable {
    var bytes: [UInt8] = []
    /// Where each text ends; it starts where the one before ends.
    var ends: [Int32] = []

    init() {}

    init(_ texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    var count: Int { ends.count }

    subscript(number: Int) -> String { String(decoding: bytes[range(number)], as: UTF8.self) }

    func range(_ number: Int) -> Range<Int> {
        (number == 0 ? 0 : Int(ends[number - 1]))..<Int(ends[number])
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(Int32(bytes.count))
    }

    mutating func append(_ numbers: Range<Int>, of other: FlatTexts) {
        guard let first = numbers.first, let last = numbers.last else { return }
        let start = other.range(first).lowerBound
        let shift = Int32(bytes.count - start)
        bytes.append(contentsOf: other.bytes[start..<other.range(last).upperBound])
        ends.append(contentsOf: other.ends[numbers].lazy.map { $0 + shift })
    }
}

/// Lists of numbers, one after the other in one array.
struct FlatLists: Sendable, Equatable {
    var numbers: [Int32] = []
    var ends: [Int32] = []

    var count: Int { ends.count }

    func range(_ list: Int) -> Range<Int> {
        (list == 0 ? 0 : Int(ends[list - 1]))..<Int(ends[list])
    }

    mutating func append(_ list: some Sequence<Int32>) {
        numbers.append(contentsOf: list)
        ends.append(Int32(numbers.count))
    }

    mutating func append(_ lists: Range<Int>, of other: FlatLists) {
        guard let first = lists.first, let last = lists.last else { return }
        let start = other.range(first).lowerBound
        let shift = Int32(numbers.count - start)
        numbers.append(contentsOf: other.numbers[start..<other.range(last).upperBound])
        ends.append(contentsOf: other.ends[lists].lazy.map { $0 + shift })
    }
}
