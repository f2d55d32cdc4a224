/// A job's log as written by ``LogEncoder``, parsed. Older logs without that structure have no steps.
package struct JobLogDocument: Hashable, Sendable {
    /// A command and its exact output.
    package struct Step: Hashable, Sendable {
        /// The phase of the step.
        package var phase: Phase
        /// The name of the step.
        package var name: String
        /// The command as printed in the log.
        package var command: String
        /// The output of the command, which need not be valid UTF-8.
        package var output: [UInt8]
        /// How the command ended; nil if the log stops before its end.
        package var ending: String?
    }

    /// The steps in the order in which they ran.
    package private(set) var steps: [Step] = []
    /// The range in the log, in bytes, of the lines that each step printed.
    package private(set) var ranges: [Range<Int>] = []
    /// The runner's other lines.
    package private(set) var notes: [String] = []

    private static let marker = Array(LogEncoder.marker.utf8)
    private static let escaped = Array("====".utf8)

    /// - Complexity: O(bytes).
    package init(parsing log: [UInt8]) {
        var isOpen = false
        var rest = log[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let line = rest[..<(end ?? rest.endIndex)]
            rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
            if line.starts(with: Self.marker) {
                let text = String(decoding: line.dropFirst(Self.marker.count), as: UTF8.self)
                if isOpen, let ending = Self.end(text, of: steps[steps.count - 1]) {
                    isOpen = false
                    close(ending)
                } else if let step = Self.begin(text) {
                    isOpen = true
                    steps.append(step)
                    ranges.append(rest.startIndex..<rest.startIndex)
                } else {
                    notes.append(text)
                }
            } else if isOpen {
                steps[steps.count - 1].output += line.starts(with: Self.escaped) ? line.dropFirst() : line
                if end != nil { steps[steps.count - 1].output.append(UInt8(ascii: "\n")) }
                ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<rest.startIndex
            }
        }
    }

    private mutating func close(_ ending: (text: String, bytes: Int)) {
        steps[steps.count - 1].ending = ending.text
        let excess = steps[steps.count - 1].output.count - ending.bytes
        if excess == 1 { steps[steps.count - 1].output.removeLast() }
    }

    private static func begin(_ text: String) -> Step? {
        guard text.hasPrefix("begin "), let colon = text.firstRange(of: ": ") else { return nil }
        let words = text[..<colon.lowerBound].split(separator: " ")
        guard words.count == 3, let phase = Phase(rawValue: String(words[1])) else { return nil }
        return Step(
            phase: phase, name: String(words[2]), command: String(text[colon.upperBound...]), output: [], ending: nil)
    }

    /// How the step ended; nil if the line does not end this step.
    private static func end(_ text: String, of step: Step) -> (text: String, bytes: Int)? {
        let start = "end \(step.phase.rawValue) \(step.name): "
        guard text.hasPrefix(start), text.hasSuffix(" bytes") else { return nil }
        let parts = text.dropFirst(start.count).dropLast(" bytes".count)
        guard let comma = parts.lastIndex(of: ","), let bytes = Int(parts[comma...].dropFirst(2)) else { return nil }
        return (String(parts[..<comma]), bytes)
    }
}
