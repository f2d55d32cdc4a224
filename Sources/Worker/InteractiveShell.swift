internal import Core
internal import Foundation
internal import OpamSwitch
internal import PluginMessages
internal import Supervision
internal import System

/// A shell of the user's in a prepared job's sandbox, with the limits of a person rather than of a build.
///
/// What is typed travels through a FIFO in the directory that the sandbox sees. On a terminal the shell gets a terminal
/// of its own inside, by the program `script`, and ours passes every key on.
struct InteractiveShell {
    private let prepared: PreparedJob
    /// The kind of the user's terminal, as in `TERM`.
    private let terminalType: String

    init(_ prepared: PreparedJob, terminalType: String?) {
        self.terminalType = terminalType ?? "dumb"
        self.prepared = prepared
    }

    /// - Parameter output: takes what the shell prints, as it is.
    /// - Returns: the shell's exit status.
    /// - Throws: `Failure` where the FIFO cannot be made or the sandbox does not start.
    func run(output: @escaping @Sendable ([UInt8]) -> Void) async throws -> Int32 {
        let session = prepared.session
        let fifo = "\(prepared.staging.path)/keys"
        guard mkfifo(fifo, 0o644) == 0 else {
            throw Failure(.last("create", fifo))
        }
        let isTerminal = isatty(STDIN_FILENO) == 1
        let step = Step(
            "shell", phase: .build, script: script(isTerminal: isTerminal), directory: session.recipe.directory,
            environment: session.recipe.environment.merging(["TERM": terminalType]) { _, own in own })
        let limits = Limits(
            time: nil, silence: nil, memory: nil, processes: 4096, processors: nil, openFiles: 4096, disk: nil,
            output: nil)
        let terminal = isTerminal ? RawTerminal() : nil
        defer { terminal?.restore() }
        forwardInput(to: fifo)
        let result = await session.backend.run(step, limits: limits, protection: nil, output: output)
        switch result.ending {
        case .exited(let status): return status
        case .signalled(let signal): return 128 + signal
        default: throw Failure(.unavailable, "the shell: \(result.ending)")
        }
    }

    private func script(isTerminal: Bool) -> String {
        ShellWord.assignments([
            "shell": prepared.session.target.environment.shell.path,
            "keys": "\(prepared.session.backend.inputs)/keys", "terminal": isTerminal ? "yes" : "no",
        ]) + String(decoding: PackageResources.interactive_shell_sh, as: UTF8.self)
    }

    /// Passes on what is typed until its end; the thread ends with the process.
    private func forwardInput(to fifo: String) {
        Thread.detachNewThread {
            let descriptor = open(fifo, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                guard count > 0 else { return }
                guard buffer[..<count].withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == count else {
                    return
                }
            }
        }
    }
}

/// The user's terminal while every key is passed on as it is.
private struct RawTerminal {
    private var before = termios()

    init() {
        tcgetattr(STDIN_FILENO, &before)
        var raw = before
        cfmakeraw(&raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    }

    func restore() {
        var before = before
        tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }
}
