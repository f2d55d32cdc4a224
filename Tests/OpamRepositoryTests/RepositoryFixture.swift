import Foundation
import TestSupport

@testable import OpamRepository

/// A folder with repositories of opam packages, which is removed after the test.
final class RepositoryFixture {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    var folder: URL { directory.url }

    func path(_ name: String) -> String { directory(name) }

    /// Writes files by their paths below the folder.
    func write(_ files: [String: String]) throws {
        for (path, text) in files { try directory.write(text, to: path) }
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: folder.appending(path: path))
    }

    /// Commits all files of `name`, which becomes a repository of git if it is none.
    func commit(_ name: String) throws {
        let script = """
            git init -q -b main . 2>&1 && git add -A
            git -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m change
            """
        try run("/bin/sh", ["-ec", script], in: path(name))
    }

    func run(_ program: String, _ arguments: [String], in folder: String? = nil) throws {
        try Program([program] + arguments, in: folder ?? directory.path).output()
    }
}
