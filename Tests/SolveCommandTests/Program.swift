import Foundation
import Testing

/// The program `ci` as a user starts it, in a folder.
struct Program {
    let folder: URL

    struct Output {
        let status: Int32
        let data: String
        let talk: String
    }

    /// Runs it to its end.
    ///
    /// - Parameter environment: all of it.
    func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Output {
        let process = try process(arguments, environment: environment)
        let talk = folder.appending(path: "stderr-\(UUID())")
        _ = FileManager.default.createFile(atPath: talk.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: talk)
        let data = Pipe()
        process.standardOutput = data
        try process.run()
        let printed = data.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, data: String(decoding: printed, as: UTF8.self),
            talk: try String(contentsOf: talk, encoding: .utf8))
    }

    /// Not yet started.
    func process(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = try Self.path()
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ["CISO_CACHE": folder.appending(path: "cache").path].merging(environment) { $1 }
        return process
    }

    /// `ci` lies where the tests were built.
    private static func path() throws -> URL {
        var folders = CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
        folders += Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        let found = folders.map { $0.appending(path: "ci") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return try #require(found, "ci is built with the tests")
    }

    /// Writes a repository of opam files, by `name.version`, into the folder `repo`.
    func write(packages: [String: String]) throws {
        for (package, fields) in packages {
            let name = try #require(package.split(separator: ".").first)
            try write("repo/packages/\(name)/\(package)/opam", "opam-version: \"2.0\"\n\(fields)\n")
        }
    }

    func write(_ file: String, _ text: String) throws {
        let place = folder.appending(path: file)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
    }
}
