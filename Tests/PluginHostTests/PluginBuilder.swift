import Core
import Foundation
import TestSupport
import Testing

@testable import PluginHost

/// Builds plugins for tests in a temporary directory, removed with the builder.
final class PluginBuilder: Sendable {
    private let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    var directory: String { temporary.path }

    /// `libCisoNAME.so` from `hostile.c` with some macros defined.
    func hostile(_ name: String = "Hostile", _ macros: [String: String] = [:]) throws -> PluginFile {
        let path = "\(directory)/libCiso\(name).so"
        try run(
            ["clang", "cc", "gcc"],
            ["-shared", "-fPIC", "-w", "-I", Self.header, "-o", path, Self.source("hostile.c")]
                + macros.map { "-D\($0.key)=\($0.value)" })
        return try #require(PluginFile(path: path))
    }

    /// `libCisoTrap.so` from `trap.swift`.
    func trap() throws -> PluginFile {
        let path = "\(directory)/libCisoTrap.so"
        try run(
            ["swiftc"],
            [
                "-emit-library", "-parse-as-library", "-module-name", "Trap", "-import-objc-header",
                "\(Self.header)/PluginABI.h", "-module-cache-path", "\(directory)/modules", "-o", path,
                Self.source("trap.swift"),
            ])
        return try #require(PluginFile(path: path))
    }

    /// An empty file below the builder's directory.
    @discardableResult func touch(_ name: String) -> String {
        _ = FileManager.default.createFile(atPath: "\(directory)/\(name)", contents: nil)
        return "\(directory)/\(name)"
    }

    /// A file with the name of a plugin and any contents.
    func file(_ name: String, _ bytes: Data) throws -> PluginFile {
        let path = "\(directory)/libCiso\(name).so"
        try bytes.write(to: URL(fileURLWithPath: path))
        return try #require(PluginFile(path: path))
    }

    private func run(_ programs: [String], _ arguments: [String]) throws {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        let candidates = programs.flatMap { program in path.map { "\($0)/\(program)" } }
        let program = try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0) })
        try Program([program] + arguments).output()
    }

    private static let header = "\(PackageDirectory.path)/Sources/PluginABI/include"

    private static func source(_ name: String) -> String {
        "\(PackageDirectory.path)/Tests/PluginHostTests/Hostile/\(name)"
    }
}

/// The message of the failure that `work` throws; fails the test if it throws none.
func failure(
    of work: @autoclosure () async throws -> some Any, _ location: Testing.SourceLocation = #_sourceLocation
) async -> Failure? {
    do {
        _ = try await work()
        Issue.record("nothing was thrown", sourceLocation: location)
        return nil
    } catch let failure as Failure {
        return failure
    } catch {
        Issue.record("\(error) is no Failure", sourceLocation: location)
        return nil
    }
}
