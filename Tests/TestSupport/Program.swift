internal import Foundation
internal import Glibc

/// A program that a test runs.
package struct Program: Sendable {
    package var words: [String]
    /// The working directory; the tests' if nil.
    package var directory: String?
    /// All its variables; those of the tests if nil.
    package var environment: [String: String]?
    package var input: String
    /// Whether standard error is included in the output.
    package var isJoined: Bool

    package init(
        _ words: [String], in directory: String? = nil, environment: [String: String]? = nil, input: String = "",
        isJoined: Bool = false
    ) {
        self.words = words
        self.directory = directory
        self.environment = environment
        self.input = input
        self.isJoined = isJoined
    }

    /// How a program ended.
    package struct Ending: Sendable {
        /// The exit code, or 128 and the signal that ended it.
        package var status: Int32
        package var output: String
        /// The text written to standard error; empty if that is included in the output.
        package var messages: String
    }

    /// Runs it to its end.
    ///
    /// - Throws: if it cannot be started; an exit code other than 0 is not an error.
    package func run() throws -> Ending { try start().wait() }

    /// Runs it to its end, which must be successful.
    ///
    /// - Returns: the output.
    /// - Throws: `ProgramFailure` with the complete output.
    @discardableResult package func output() throws -> String {
        let ending = try run()
        guard ending.status == 0 else { throw ProgramFailure(program: self, ending: ending) }
        return ending.output
    }

    /// Starts it.
    ///
    /// Foundation's `Process` is not used: its single thread waits for all processes, and a daemon that closes
    /// inherited descriptors, such as sshd, prevents it from seeing any other end. The output is written to unnamed
    /// files, not to pipes, so a process that keeps them open blocks no reader.
    package func start() throws -> RunningProgram {
        let files = (input: try UnnamedFile(holding: input), output: try UnnamedFile())
        let messages = isJoined ? files.output : try UnnamedFile()
        let variables = environment ?? ProcessInfo.processInfo.environment
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, file) in [files.input, files.output, messages].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, file.descriptor, Int32(target))
        }
        // The program must not inherit the files of other tests either.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The program must not inherit the signals that a thread of the tests blocks or ignores.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = (directory.map { ["env", "-C", $0] } ?? []) + words
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + settings { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(
            &process, Self.path(of: words[0], in: variables), &actions, &attributes, arguments, settings)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        return RunningProgram(process, output: files.output, messages: isJoined ? nil : messages)
    }

    /// Whether all of these programs are on the path.
    package static func areInstalled(_ names: String...) -> Bool {
        names.allSatisfy { path(of: $0, in: ProcessInfo.processInfo.environment).contains("/") }
    }

    /// Searches for a program like `env`: on the given path.
    private static func path(of name: String, in variables: [String: String]) -> String {
        guard !name.contains("/") else { return name }
        let directories = (variables["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return directories.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
    }
}

/// A program that should have succeeded.
package struct ProgramFailure: Error, CustomStringConvertible {
    package var program: Program
    package var ending: Program.Ending

    package var description: String {
        "\(program.words) ended with \(ending.status)\n\((ending.output + ending.messages).suffix(4000))"
    }
}
