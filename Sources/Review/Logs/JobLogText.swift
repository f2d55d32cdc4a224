internal import LogReading
package import Model

/// The log of a job as printed, including control characters.
package struct JobLogText: Sendable {
    /// The log as printed, or the requested part of it.
    package var bytes: [UInt8]
    /// The title of the job, if it is not obvious from the cell.
    package var title: String?
    /// Whether the log is of a failure whose error the requested part may contain.
    package var isOfFailure: Bool
    /// The line numbers of the error in `bytes`, from 1; nil if none was recognised.
    package var error: ClosedRange<Int>?

    /// The lines around the error; nil if nothing failed.
    package var errorRegion: ErrorRegion? { isOfFailure ? ErrorRegion(in: bytes, error: error) : nil }
}

extension JobLogText {
    /// - Parameters:
    ///   - log: The whole log.
    ///   - recorded: The error in the recorded result.
    ///   - isOfFailure: Whether the job failed.
    ///   - isRead: Whether to find the error in the log if the result has none, because older versions did not record
    ///     it.
    ///   - sections: The requested byte ranges in order; nil for the whole log.
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
        // The error is marked only if the requested part contains it.
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
    /// The position of the message in the log; nil if the log does not contain it.
    fileprivate func range(in log: [UInt8]) -> Range<Int>? {
        guard let offset, let length, offset >= 0, length > 0, length <= log.count, offset <= log.count - length else {
            return nil
        }
        return offset..<offset + length
    }
}

/// The choice of a log of a cell.
package struct LogChoice: Sendable {
    /// Whether to select the log of the build if the tests decided the cell.
    package var isOfBuild: Bool
    /// The attempt at the job, from 1; nil for the last one.
    package var attempt: Int?
    /// The phase whose output is requested; nil for the whole log.
    package var phase: Phase?

    package init(isOfBuild: Bool = false, attempt: Int? = nil, phase: Phase? = nil) {
        self.isOfBuild = isOfBuild
        self.attempt = attempt
        self.phase = phase
    }
}
