import Core
import Foundation

@testable import OpamRepository

/// A folder that is gone after the test, with repositories of opam packages in it.
final class RepositoryFixture {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "opam-repository-tests-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Writes files by their paths below the folder.
    func write(_ files: [String: String]) throws {
        for (path, text) in files {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
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
        try run("/bin/sh", ["-ec", script], in: folder.appending(path: name))
    }

    func run(_ program: String, _ arguments: [String], in folder: URL? = nil) throws {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder ?? self.folder
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(.infrastructure, "\(program) \(arguments) ended with \(process.terminationStatus)")
        }
    }
}

/// The reference data beside the package.
enum SharedRepository {
    static let archive = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/opam-repository.git.tar")

    static var isPresent: Bool { FileManager.default.fileExists(atPath: archive.path) }
}
