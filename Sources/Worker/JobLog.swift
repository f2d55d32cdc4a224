internal import Core
internal import Executor
internal import Foundation
internal import OpamSwitch

/// What one job prints: a file while it runs, and the lines that its failing step printed.
final class JobLog: Sendable {
    private let file: LogFile

    var path: String { file.path }
    var size: Int { file.count }

    init(_ path: String) throws(Failure) {
        file = try LogFile(path)
    }

    /// Adds a line of the runner's own, told apart by its start.
    func note(_ line: String) {
        file.append(line: "=== \(line)")
    }

    func append(_ bytes: [UInt8]) {
        file.append(bytes)
    }

    /// All that was printed.
    func contents() -> [UInt8] {
        (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) } ?? []
    }

    /// What was printed from byte `start` on: of much output the last `limit` bytes.
    func text(from start: Int, limit: Int = 8 << 20) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else { return "" }
        defer { try? handle.close() }
        do {
            try handle.seek(toOffset: UInt64(max(start, size - limit)))
            return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        } catch {
            return ""
        }
    }
}
