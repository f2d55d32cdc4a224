/// Numbered arrays, stored one after the other in one array: created and copied without an allocation for each.
struct FlatArrays<Element: BitwiseCopyable & Sendable & Equatable>: Sendable, Equatable {
    var elements: [Element] = []
    /// The end of each array, which is the start of the next one.
    var ends: [Int32] = []

    var count: Int { ends.count }

    func range(_ number: Int) -> Range<Int> {
        (number == 0 ? 0 : Int(ends[number - 1]))..<Int(ends[number])
    }

    mutating func append(_ array: some Sequence<Element>) {
        elements.append(contentsOf: array)
        ends.append(Int32(elements.count))
    }

    mutating func append(_ numbers: Range<Int>, of other: FlatArrays) {
        guard let first = numbers.first, let last = numbers.last else { return }
        let start = other.range(first).lowerBound
        let shift = Int32(elements.count - start)
        elements.append(contentsOf: other.elements[start..<other.range(last).upperBound])
        ends.append(contentsOf: other.ends[numbers].lazy.map { $0 + shift })
    }
}

/// Lists of numbers.
typealias FlatLists = FlatArrays<Int32>

/// Texts in UTF-8.
typealias FlatTexts = FlatArrays<UInt8>

extension FlatArrays<UInt8> {
    init(_ texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    subscript(number: Int) -> String { String(decoding: elements[range(number)], as: UTF8.self) }

    mutating func append(_ text: String) { append(text.utf8) }
}
