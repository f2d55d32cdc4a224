internal import ArgumentParser

/// What targets of a matrix may require of a worker: each word once and sorted.
struct WorkerLabels: ExpressibleByArgument, Sendable {
    let words: [String]

    init?(argument: String) {
        words = Set(argument.split(whereSeparator: \.isWhitespace).map(String.init)).sorted()
        let isLegal = words.allSatisfy { word in
            word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+".contains($0)) }
        }
        guard isLegal else { return nil }
    }
}
