/// What targets of a matrix may require of a worker: each word once and sorted.
struct WorkerLabels: Sendable {
    let words: [String]

    /// Parses words separated by spaces; nil if one of them has another character than a letter, a digit or `-_.+`.
    init?(_ text: String) {
        words = Set(text.split(whereSeparator: \.isWhitespace).map(String.init)).sorted()
        let isLegal = words.allSatisfy { word in
            word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+".contains($0)) }
        }
        guard isLegal else { return nil }
    }
}
