internal import Model

/// The lines of a job's log, in the order of the log, by the steps of the job.
struct LogSteps {
    /// Lines of one step, or of the runner between steps.
    struct Step {
        /// From 1.
        let number: Int
        /// The runner's line that begins the step, without its mark; `log` for a log without steps.
        var name: String
        /// The phase that the line names; nil for lines of no step.
        var phase: String?
        /// The number of its first line in the log, from 1.
        let firstLine: Int
        var lines: [ArraySlice<UInt8>] = []
    }

    private(set) var steps: [Step] = []

    /// - Complexity: O(bytes).
    init(_ log: [UInt8]) {
        var number = 0
        var rest = log[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let line = rest[..<(end ?? rest.endIndex)]
            rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
            number += 1
            if let words = Self.beginning(line) {
                steps.append(
                    Step(
                        number: steps.count + 1, name: words.joined(separator: " "),
                        phase: words.first.map(String.init),
                        firstLine: number))
            } else if steps.isEmpty {
                steps.append(Step(number: 1, name: "log", firstLine: number))
            }
            steps[steps.count - 1].lines.append(line)
        }
    }

    /// The words after `=== begin`; nil for other lines.
    private static func beginning(_ line: ArraySlice<UInt8>) -> [Substring]? {
        let mark = Array("\(LogEncoder.marker)begin ".utf8)
        guard line.starts(with: mark), line.count < 4096 else { return nil }
        return String(decoding: line.dropFirst(mark.count), as: UTF8.self).split(separator: " ")
    }
}
