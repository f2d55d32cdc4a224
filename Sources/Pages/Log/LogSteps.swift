internal import Model

/// The lines of a job's log grouped by steps, in the order of the log.
struct LogSteps {
    /// The lines of a step, or lines of the runner between steps.
    struct Step {
        /// The number of the step, from 1.
        let number: Int
        /// The runner's line that begins the step, without its marker; `log` for a log without steps.
        var name: String
        /// The phase of the step; nil for lines outside of steps.
        var phase: Phase?
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
            if let boundary = LogBoundary(line), boundary.isBegin {
                steps.append(
                    Step(
                        number: steps.count + 1, name: String(decoding: line[boundary.start...], as: UTF8.self),
                        phase: boundary.phase, firstLine: number))
            } else if steps.isEmpty {
                steps.append(Step(number: 1, name: "log", firstLine: number))
            }
            steps[steps.count - 1].lines.append(line)
        }
    }
}
