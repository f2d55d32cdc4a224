internal import Core
internal import Foundation
internal import Model
internal import Supervision
internal import Synchronization

/// The log of a job, a file that is written while the job runs. ``LogEncoder`` explains how lines of the runner and of
/// commands are distinguished.
///
/// - SeeAlso: `docs/decisions/0115-log-structure.md`
final class JobLog: Sendable {
    private let file: LogFile
    private let encoder = Mutex(LogEncoder())
    private let seconds = Mutex<[Phase: Double]>([:])
    private let packages = Mutex<[String]?>(nil)

    /// The system packages of the job, `NAME VERSION`; nil if their versions are unknown.
    var systemPackages: [String]? {
        get { packages.withLock { $0 } }
        set { packages.withLock { $0 = newValue } }
    }

    /// The duration of the commands of each phase in seconds.
    var secondsByPhase: [Phase: Double] { seconds.withLock { $0 } }

    var path: String { file.path }

    init(_ path: String) throws(Failure) {
        file = try LogFile(path)
    }

    /// Adds a line of the runner.
    func note(_ line: String) {
        encoder.withLock { file.append($0.note(line)) }
    }

    // MARK: Steps

    /// The output of a command, and its position in the log.
    struct Section: Sendable {
        fileprivate let log: JobLog
        fileprivate let start: Int
        fileprivate let began = ContinuousClock.now
        let phase: Phase
        let name: String
        /// The command for display.
        let command: String

        /// Appends output of the command.
        func append(_ bytes: [UInt8]) {
            log.encoder.withLock { log.file.append($0.encode(bytes)) }
        }

        /// Adds the line that ends the section.
        func end(_ result: CommandResult) {
            log.encoder.withLock { log.file.append($0.end(phase, name, result.ending.description)) }
            let taken = began.duration(to: .now) / .seconds(1)
            log.seconds.withLock { $0[phase, default: 0] += taken }
        }

        /// The output of the command; at most the last `limit` bytes.
        func output(limit: Int = 8 << 20) -> String {
            let written = log.bytes(from: start)
            let printed = JobLogDocument(parsing: written).steps.first?.output ?? []
            return String(decoding: printed.suffix(limit), as: UTF8.self)
        }

        /// The log so far, and the range of the command's output in it.
        func printedRange() -> (log: [UInt8], range: Range<Int>) {
            let all = log.bytes(from: 0)
            let printed = JobLogDocument(parsing: Array(all[min(start, all.count)...])).ranges.first ?? 0..<0
            return (all, printed.lowerBound + start..<printed.upperBound + start)
        }

        /// The first occurrence of a text in the command's output: its line number in the log, from 1, and its byte
        /// range.
        func location(of text: String) -> (line: Int, range: Range<Int>)? {
            let (all, printed) = printedRange()
            let wanted = Array(text.utf8)
            guard !wanted.isEmpty, let found = all[printed].firstRange(of: wanted) else { return nil }
            return (1 + all[..<found.lowerBound].count { $0 == UInt8(ascii: "\n") }, found)
        }

        /// The failure to report if the command did not succeed.
        func failure(_ result: CommandResult) -> PackageBuild.StepFailure {
            PackageBuild.StepFailure(
                phase: phase, name: name, command: command, result: result, output: output(), section: self)
        }
    }

    /// Adds the line that begins the section of a command. Commands of a job run one after the other.
    func begin(_ phase: Phase, _ name: String, _ command: String) -> Section {
        let start = encoder.withLock { encoder in
            let line = encoder.begin(phase, name, command)
            file.append(line)
            return file.count - line.count
        }
        return Section(log: self, start: start, phase: phase, name: name, command: command)
    }

    private func bytes(from start: Int) -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? handle.close() }
        do {
            try handle.seek(toOffset: UInt64(start))
            return Array(try handle.readToEnd() ?? Data())
        } catch {
            return []
        }
    }
}
