import Foundation
import Glibc

/// A program started beside the tests.
///
/// Not Foundation's `Process`: one thread of its own waits there for all, and a daemon that closes what it inherited, as
/// sshd does, keeps it from seeing any other end.
final class Spawned: @unchecked Sendable {
    let identifier: pid_t
    private let lock = NSLock()
    private var status: Int32?

    /// - Parameter output: a file for standard output and error.
    init(_ words: [String], environment: [String: String]? = nil, output: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for pointer in arguments + settings { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, words[0], &actions, nil, arguments, settings)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        identifier = process
    }

    var isRunning: Bool {
        lock.withLock {
            guard status == nil else { return false }
            var found: Int32 = 0
            if waitpid(identifier, &found, WNOHANG) == identifier { status = found }
            return status == nil
        }
    }

    /// Waits for the end.
    ///
    /// - Returns: the wait status; 0 for a program that ended well.
    @discardableResult
    func wait() -> Int32 {
        while isRunning { usleep(10_000) }
        return lock.withLock { status ?? 0 }
    }

    func kill(_ signal: Int32) {
        if isRunning { Glibc.kill(identifier, signal) }
    }
}
