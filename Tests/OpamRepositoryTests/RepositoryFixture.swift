import Foundation
import TestSupport

@testable import OpamRepository

/// A directory with repositories of opam packages, which is removed after the test.
final class RepositoryFixture {
    private let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    var directory: URL { temporary.url }

    func path(_ name: String) -> String { temporary(name) }

    /// Writes files by their paths below the directory.
    func write(_ files: [String: String]) throws {
        for (path, text) in files { try temporary.write(text, to: path) }
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: directory.appending(path: path))
    }

    /// Commits all files of `name`, which becomes a repository of git if it is none.
    func commit(_ name: String) throws {
        let script = """
            git init -q -b main . 2>&1 && git add -A
            git -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m change
            """
        try run("/bin/sh", ["-ec", script], in: path(name))
    }

    func run(_ program: String, _ arguments: [String], in directory: String? = nil) throws {
        try Program([program] + arguments, in: directory ?? temporary.path).output()
    }
}
