package import Model

/// The phases of a log, with the output of their commands.
///
/// Steps are delimited by lines of the runner, which builds cannot forge.
package struct LogPhases: Sendable {
    /// The phases in the log, in the order of their beginning.
    package private(set) var names: [Phase] = []
    /// The byte ranges of the steps of each phase, including the lines that delimit them.
    package private(set) var sections: [Phase: [Range<Int>]] = [:]

    /// - Complexity: O(bytes).
    package init(of log: [UInt8]) {
        var open: (phase: Phase, start: Int)?
        var start = 0
        while start < log.count {
            let end = log[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? log.count
            if let boundary = LogBoundary(log[start..<end]) {
                if boundary.isBegin, open == nil {
                    open = (boundary.phase, start)
                } else if !boundary.isBegin, let section = open, section.phase == boundary.phase {
                    add(section.start..<end, to: boundary.phase)
                    open = nil
                }
            }
            start = end
        }
        if let open { add(open.start..<log.count, to: open.phase) }
    }

    private mutating func add(_ section: Range<Int>, to phase: Phase) {
        if sections[phase] == nil { names.append(phase) }
        sections[phase, default: []].append(section)
    }
}
