internal import LogReading
package import Model

/// The log of a job, as the job printed it: control characters are not removed.
package struct JobLogText: Sendable {
    /// The log as the job printed it, or the part of it that was asked for.
    package var bytes: [UInt8]
    /// Which job the log is of, where that is not obvious from the cell; else nil.
    package var title: String?
    /// Whether the log is of a failure, and the part that was asked for may show why.
    package var isOfFailure: Bool
    /// The lines of `bytes` that are the error, from 1; nil where none was recognised.
    package var error: ClosedRange<Int>?

    /// The lines around the error; nil where nothing failed.
    package var errorRegion: ErrorRegion? { isOfFailure ? ErrorRegion(in: bytes, error: error) : nil }
}

extension JobLogText {
    /// - Parameters:
    ///   - log: The whole log.
    ///   - recorded: What the result says about its error.
    ///   - isOfFailure: Whether the job failed.
    ///   - isRead: Whether the error is read in the log where the result says nothing: versions before that recorded none.
    ///   - sections: The bytes that were asked for, in their order; nil: all.
    init(
        _ log: [UInt8], title: String?, recorded: CellResult.LoggedError?, isOfFailure: Bool, isRead: Bool,
        sections: [Range<Int>]?
    ) {
        self.title = title
        bytes = sections.map { $0.flatMap { log[$0] } } ?? log
        let message = isOfFailure ? recorded?.range(in: log) ?? (isRead ? Self.readError(in: log) : nil) : nil
        self.isOfFailure = isOfFailure
        guard let message else { return }
        guard let sections else {
            error = Self.lines(of: message, in: log)
            return
        }
        // Where the part has the error it shows it, and where it has not it shows no other one.
        let before = sections.prefix { $0.upperBound <= message.lowerBound }
        guard let own = sections.dropFirst(before.count).first, own.contains(message.lowerBound) else {
            self.isOfFailure = false
            return
        }
        let start = before.reduce(0) { $0 + $1.count } + message.lowerBound - own.lowerBound
        error = Self.lines(of: start..<min(start + message.count, bytes.count), in: bytes)
    }

    private static func lines(of range: Range<Int>, in text: [UInt8]) -> ClosedRange<Int> {
        let newline = UInt8(ascii: "\n")
        let first = 1 + text[..<range.lowerBound].count { $0 == newline }
        return first...first + text[range].dropLast().count { $0 == newline }
    }

    private static func readError(in log: [UInt8]) -> Range<Int>? {
        let finding = log.withUnsafeBytes { LogReader.common.read(jobLog: $0).finding }
        return finding.flatMap { $0.isWeak ? nil : $0.range }
    }
}

extension CellResult.LoggedError {
    /// Where the message is in the log; nil where it is not there.
    fileprivate func range(in log: [UInt8]) -> Range<Int>? {
        guard let offset, let length, offset >= 0, length > 0, length <= log.count, offset <= log.count - length else {
            return nil
        }
        return offset..<offset + length
    }
}

/// Which log of a cell is wanted.
package struct LogChoice: Sendable {
    /// The log of the build where tests decided the cell.
    package var isOfBuild: Bool
    /// The attempt to run the job, counted from 1; nil: the last.
    package var attempt: Int?
    /// Only what this phase printed; nil: everything.
    package var phase: Phase?

    package init(isOfBuild: Bool = false, attempt: Int? = nil, phase: Phase? = nil) {
        self.isOfBuild = isOfBuild
        self.attempt = attempt
        self.phase = phase
    }
}
