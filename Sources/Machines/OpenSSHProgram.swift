internal import Core
internal import Supervision
internal import System

/// A program of the OpenSSH client that works with keys.
enum OpenSSHProgram: String {
    case generator = "ssh-keygen"
    case scanner = "ssh-keyscan"

    /// Runs the program to its end, whatever its exit status.
    ///
    /// - Throws: `Failure` if it is not installed; `CancellationError`.
    func run(_ arguments: [String], environment: ProcessEnvironment) async throws -> Subprocess.Completion {
        do {
            return try await Subprocess(
                [rawValue] + arguments, environment: environment.variables, timeLimit: .seconds(120)
            ).run()
        } catch let error as SystemError {
            throw Failure(
                .unavailable, "\(rawValue) cannot be run: \(error)",
                hint: "install the OpenSSH client (Debian: openssh-client)")
        }
    }
}
