internal import Core
internal import Foundation
internal import Model
internal import Supervision
internal import Synchronization

/// The log of one job, a file that grows while the job runs; ``LogEncoder`` explains how its lines are distinguished.
final class JobLog: Sendable {
    private let file: LogFile
    private let encoder = Mutex(LogEncoder())
    private let seconds = Mutex<[Phase: Double]>([:])
    private let packages = Mutex<[String]?>(nil)

    /// The system packages that the job has, `NAME VERSION`; nil where their versions are not known.
    var systemPackages: [String]? {
        get { packages.withLock { $0 } }
        set { packages.withLock { $0 = newValue } }
    }

    /// How long the commands of each phase took, in seconds.
    var secondsByPhase: [Phase: Double] { seconds.withLock { $0 } }

    var path: String { file.path }

    init(_ path: String) throws(Failure) {
        file = try LogFile(path)
    }

    /// Adds a line of the runner's own.
    func note(_ line: String) {
        encoder.withLock { file.append($0.note(line)) }
    }

    // MARK: Steps

    /// What one command prints, and where it is in the log.
    struct Section: Sendable {
        fileprivate let log: JobLog
        fileprivate let start: Int
        fileprivate let began = ContinuousClock.now
        let phase: Phase
        let name: String
        /// What is run, for people.
        let command: String

        /// Adds what the command printed.
        func append(_ bytes: [UInt8]) {
            log.encoder.withLock { log.file.append($0.encode(bytes)) }
        }

        /// Adds the line after it.
        func end(_ result: CommandResult) {
            log.encoder.withLock { log.file.append($0.end(phase, name, result.ending.description)) }
            let taken = began.duration(to: .now) / .seconds(1)
            log.seconds.withLock { $0[phase, default: 0] += taken }
        }

        /// What the command printed: of much output the last `limit` bytes.
        func output(limit: Int = 8 << 20) -> String {
            let written = log.bytes(from: start)
            let printed = JobLogDocument(parsing: written).steps.first?.output ?? []
            return String(decoding: printed.suffix(limit), as: UTF8.self)
        }

        /// The log so far, and where in it is what the command printed.
        func printedRange() -> (log: [UInt8], range: Range<Int>) {
            let all = log.bytes(from: 0)
            let printed = JobLogDocument(parsing: Array(all[min(start, all.count)...])).ranges.first ?? 0..<0
            return (all, printed.lowerBound + start..<printed.upperBound + start)
        }

        /// The line, from 1, and the bytes of the log where the command printed a text first.
        func place(of text: String) -> (line: Int, range: Range<Int>)? {
            let (all, printed) = printedRange()
            let wanted = Array(text.utf8)
            guard !wanted.isEmpty, let found = all[printed].firstRange(of: wanted) else { return nil }
            return (1 + all[..<found.lowerBound].count { $0 == UInt8(ascii: "\n") }, found)
        }

        /// What to report where the command did not end well.
        func failure(_ result: CommandResult) -> PackageBuild.StepFailure {
            PackageBuild.StepFailure(
                phase: phase, name: name, command: command, result: result, output: output(), section: self)
        }
    }

    /// Adds the line before what a command prints. Commands of one job run one after the other.
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
