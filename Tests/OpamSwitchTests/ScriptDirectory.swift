import Foundation
import TestSupport

/// A directory for one test, in which shell scripts are run.
final class ScriptDirectory {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    var path: String { directory.path }

    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
        try directory.write(text, to: name, mode: mode)
    }

    func read(_ name: String) -> String? { directory.read(name) }

    func mode(of name: String) -> Int? {
        try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.posixPermissions] as? Int
    }

    /// Runs `script` by `sh -eu` in `directory`.
    ///
    /// - Returns: its exit status and all that it printed.
    @discardableResult
    func run(_ script: String, in directory: String = "") throws -> (status: Int32, text: String) {
        let program = Program(["/bin/sh", "-eu", "-c", script], in: "\(path)/\(directory)", isJoined: true)
        let ending = try program.run()
        return (ending.status, ending.output)
    }
}
