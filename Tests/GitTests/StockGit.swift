import Foundation
import Git
import Testing

/// Runs the `git` of the machine; what it prints.
func git(_ arguments: String..., at directory: String, input: String = "") throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "-C", directory] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging([
        "GIT_AUTHOR_NAME": "A U Thor", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A U Thor",
        "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1",
    ]) { $1 }
    let output = Pipe()
    let source = Pipe()
    process.standardOutput = output
    process.standardInput = source
    try process.run()
    source.fileHandleForWriting.write(Data(input.utf8))
    try source.fileHandleForWriting.close()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "git \(arguments.joined(separator: " "))")
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines)
}

/// A new bare repository in a folder that is gone when `body` ends.
func withRepository(_ body: (GitRepository) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ciso-git-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(GitRepository(initializingBare: folder))
}

let author = Signature(name: "Ada <L>", email: "ada@example.org", time: 1_234_567_890, offset: -90)
