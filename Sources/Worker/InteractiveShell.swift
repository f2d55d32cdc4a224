internal import Core
internal import Foundation
internal import OpamSwitch
internal import PluginMessages
internal import ShellQuoting
internal import Supervision
internal import System

/// An interactive shell in a prepared job's sandbox, without the limits of a build.
///
/// Input is passed through a FIFO in a directory shared with the sandbox. On a terminal, the program `script` provides
/// a terminal inside the sandbox, and the outer terminal is in raw mode.
struct InteractiveShell {
    private let prepared: PreparedJob
    /// The type of the user's terminal, as in `TERM`.
    private let terminalType: String

    init(_ prepared: PreparedJob, terminalType: String?) {
        self.terminalType = terminalType ?? "dumb"
        self.prepared = prepared
    }

    /// - Parameter output: Receives the shell's output unchanged.
    /// - Returns: The shell's exit status.
    /// - Throws: `Failure` if the FIFO cannot be created or the sandbox does not start.
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

    /// Forwards standard input until its end, on a thread that ends with the process.
    private func forwardInput(to fifo: String) {
        BlockingWork.start {
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

/// The user's terminal in raw mode.
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
