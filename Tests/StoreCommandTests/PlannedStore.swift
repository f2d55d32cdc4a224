import Foundation
import Testing

/// A store made by `ci plan`, in a folder that is gone with its last user.
final class PlannedStore {
    /// What a command said and how it ended.
    struct Output {
        let status: Int32
        let data: String
        let talk: String
    }

    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private let folder: URL
    let path: String

    /// Plans the quickstart.
    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "store-command-tests-\(UUID())")
        path = folder.appending(path: "store").path
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try plan()
    }

    /// Takes over a store that is there.
    private init(folder: URL) {
        self.folder = folder
        path = folder.appending(path: "store").path
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Plans `Matrices/quickstart.yaml`, perhaps without one of its packages.
    func plan(without package: String? = nil) throws {
        let matrices = Self.root.appending(path: "Matrices")
        var text = try String(contentsOf: matrices.appending(path: "quickstart.yaml"), encoding: .utf8)
        text = text.replacing("path: quickstart #", with: "path: \(matrices.path)/quickstart #")
        if let package { text = text.replacing("  - \(package)\n", with: "") }
        try Data(text.utf8).write(to: folder.appending(path: "matrix.yaml"))
        let output = try run("plan", "matrix.yaml", "--store", path)
        #expect(output.status == 0, "\(output.talk)")
    }

    /// `ci store ARGUMENTS` on this store.
    func store(_ arguments: String...) throws -> Output { try run(["store"] + arguments + ["--store", path]) }

    /// What `ci store ARGUMENTS --format json` prints.
    func json(_ arguments: String...) throws -> Any {
        let output = try run(["store"] + arguments + ["--format", "json", "--store", path])
        return try JSONSerialization.jsonObject(with: Data(output.data.utf8))
    }

    func run(_ arguments: String...) throws -> Output { try run(arguments) }

    private func run(_ arguments: [String]) throws -> Output {
        var folders = CommandLine.arguments.map { URL(filePath: $0).deletingLastPathComponent() }
        folders += Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        let program = folders.map { $0.appending(path: "ci") }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        return try run(try #require(program, "ci is built with the tests"), arguments)
    }

    /// What stock git prints about this store, its complaints included.
    func git(_ arguments: String...) throws -> String {
        let output = try run(URL(filePath: "/usr/bin/env"), ["git", "-C", path] + arguments)
        #expect(output.status == 0, "git \(arguments.joined(separator: " ")): \(output.talk)")
        return (output.data + output.talk).trimmingCharacters(in: .newlines)
    }

    /// Makes a file for each object of a pack.
    func unpack(_ pack: String) throws {
        let aside = folder.appending(path: "pack").path
        try FileManager.default.moveItem(atPath: "\(path)/\(pack)", toPath: aside)
        try FileManager.default.removeItem(atPath: "\(path)/\(pack.dropLast(4))idx")
        let output = try run(
            URL(filePath: "/bin/sh"), ["-c", "git -C \"$1\" unpack-objects -q < \"$2\"", "sh", path, aside])
        #expect(output.status == 0, "\(output.talk)")
    }

    private func run(_ program: URL, _ arguments: [String]) throws -> Output {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = [
            "CISO_CACHE": folder.appending(path: "cache").path, "PATH": "/usr/bin:/bin", "HOME": folder.path,
        ]
        let talk = folder.appending(path: "stderr-\(UUID())")
        _ = FileManager.default.createFile(atPath: talk.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: talk)
        process.standardInput = FileHandle.nullDevice
        let data = Pipe()
        process.standardOutput = data
        try process.run()
        let printed = data.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus, data: String(decoding: printed, as: UTF8.self),
            talk: try String(contentsOf: talk, encoding: .utf8))
    }

    /// The paths of all files below a folder of the store.
    func files(below place: String) -> [String] {
        FileManager.default.enumerator(atPath: "\(path)/\(place)")?.compactMap { $0 as? String } ?? []
    }

    /// A copy of the store that `.ci/run` leaves, without the files of its worker; nil where there is none.
    func copyOfQuickstart() throws -> PlannedStore? {
        let source = Self.root.appending(path: ".quickstart/store")
        guard FileManager.default.fileExists(atPath: source.appending(path: "ciso/schema").path) else { return nil }
        let copy = PlannedStore(folder: folder.appending(path: "copy"))
        let target = URL(filePath: copy.path)
        try FileManager.default.createDirectory(at: target.appending(path: "ciso"), withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name != "ciso" {
            try FileManager.default.copyItem(at: source.appending(path: name), to: target.appending(path: name))
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path + "/ciso")
        where !["worker", "objects"].contains(name) {
            try FileManager.default.copyItem(
                at: source.appending(path: "ciso/\(name)"), to: target.appending(path: "ciso/\(name)"))
        }
        return copy
    }
}
