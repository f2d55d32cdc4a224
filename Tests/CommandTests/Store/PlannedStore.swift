import Foundation
import TestSupport
import Testing

/// A store made by `ci plan`, in a directory that is removed with its last user.
final class PlannedStore {
    private let directory: TemporaryDirectory
    let path: String

    /// Plans the quickstart.
    init() throws {
        directory = try TemporaryDirectory()
        path = directory("store")
        try plan()
    }

    /// Uses an existing store.
    private init(_ directory: TemporaryDirectory) {
        self.directory = directory
        path = directory("store")
    }

    /// Plans `Matrices/quickstart.yaml`, perhaps without one of its packages.
    func plan(without package: String? = nil) throws {
        let matrices = PackageDirectory.url.appending(path: "Matrices")
        var text = try String(contentsOf: matrices.appending(path: "quickstart.yaml"), encoding: .utf8)
        text = text.replacing("path: quickstart #", with: "path: \(matrices.path)/quickstart #")
        if let package { text = text.replacing("  - \(package)\n", with: "") }
        try directory.write(text, to: "matrix.yaml")
        let output = try run("plan", "matrix.yaml", "--store", path)
        #expect(output.status == 0, "\(output.messages)")
    }

    /// `ci store ARGUMENTS` on this store.
    func store(_ arguments: String...) throws -> Program.Ending { try run(["store"] + arguments + ["--store", path]) }

    /// The output of `ci store ARGUMENTS --format json`.
    func json(_ arguments: String...) throws -> Any {
        let output = try run(["store"] + arguments + ["--format", "json", "--store", path])
        return try JSONSerialization.jsonObject(with: Data(output.output.utf8))
    }

    /// `ci ARGUMENTS` on another store.
    func run(_ arguments: [String], store: String) throws -> Program.Ending { try run(arguments + ["--store", store]) }

    /// Plans what this store has planned into another one.
    func planning(into store: String) throws -> Program.Ending { try run(["plan", "matrix.yaml", "--store", store]) }

    func run(_ arguments: String...) throws -> Program.Ending { try run(arguments) }

    private func run(_ arguments: [String]) throws -> Program.Ending { try program(arguments).run() }

    /// `ci ARGUMENTS`, to be run in the directory of the matrix.
    ///
    /// - Parameter temporary: The directory for temporary files; nil: the system's.
    func program(_ arguments: [String], temporary: String? = nil) throws -> Program {
        var environment = ["CISO_CACHE": directory("cache"), "PATH": "/usr/bin:/bin", "HOME": directory.path]
        environment["TMPDIR"] = temporary
        return try Program([BuiltProgram.path(of: "ci")] + arguments, in: directory.path, environment: environment)
    }

    /// Makes a file for each object of a pack.
    func unpack(_ pack: String) throws {
        let aside = directory("pack")
        defer { try? FileManager.default.removeItem(atPath: aside) }
        try FileManager.default.moveItem(atPath: "\(path)/\(pack)", toPath: aside)
        try FileManager.default.removeItem(atPath: "\(path)/\(pack.dropLast(4))idx")
        try directory.shell("git -C \"$1\" unpack-objects -q < \"$2\"", path, aside)
    }

    /// The paths of all files below a directory of the store.
    func files(below directory: String) -> [String] {
        FileManager.default.enumerator(atPath: "\(path)/\(directory)")?.compactMap { $0 as? String } ?? []
    }

    /// A copy of the store that `.ci/run` leaves, without the files of its worker; nil if there is none.
    func copyOfQuickstart() throws -> PlannedStore? {
        let source = PackageDirectory.url.appending(path: ".quickstart/store")
        guard FileManager.default.fileExists(atPath: source.appending(path: "ciso/schema").path) else { return nil }
        let copy = PlannedStore(try TemporaryDirectory())
        let target = URL(filePath: copy.path)
        try FileManager.default.createDirectory(at: target.appending(path: "ciso"), withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name != "ciso" {
            try FileManager.default.copyItem(at: source.appending(path: name), to: target.appending(path: name))
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path + "/ciso")
        where name != "worker" {
            try FileManager.default.copyItem(
                at: source.appending(path: "ciso/\(name)"), to: target.appending(path: "ciso/\(name)"))
        }
        return copy
    }
}
