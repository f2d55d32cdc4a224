import Git
import TestSupport

/// A new bare repository in a directory that is removed when `body` ends.
func withRepository(_ body: (GitRepository) throws -> Void) throws {
    let directory = try TemporaryDirectory()
    try body(GitRepository(initializingBare: directory.path))
}

let author = Signature(name: "Ada <L>", email: "ada@example.org", time: 1_234_567_890, offset: -90)
