internal import Foundation

/// Runs the `git` of the machine in a directory.
///
/// - Parameter isJoined: Whether standard error is included in the result.
/// - Returns: its output, without newlines at the ends.
/// - Throws: `ProgramFailure` if it does not succeed.
@discardableResult
package func git(
    _ arguments: String..., at directory: String, input: String = "", isJoined: Bool = false
) throws -> String {
    var program = stockGit(arguments, directory)
    program.input = input
    program.isJoined = isJoined
    return try program.output().trimmingCharacters(in: .newlines)
}

/// Whether the `git` of the machine does it.
package func gitSucceeds(_ arguments: String..., at directory: String) -> Bool {
    (try? stockGit(arguments, directory).run().status) == 0
}

private func stockGit(_ arguments: [String], _ directory: String) -> Program {
    let author = [
        "GIT_AUTHOR_NAME": "A U Thor", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A U Thor",
        "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1",
    ]
    return Program(
        ["git", "-C", directory] + arguments,
        environment: ProcessInfo.processInfo.environment.merging(author) { $1 })
}
