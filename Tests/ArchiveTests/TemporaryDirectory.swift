import Foundation
import Glibc

/// A directory of a test's own, removed with it.
final class TemporaryDirectory {
    let path: String
    /// Programs that make and list archives beside ours: another's reading of the formats.
    static let hasOtherTools = (["/usr/bin/bsdtar", "/usr/bin/python3"] as [String]).allSatisfy {
        access($0, X_OK) == 0
    }

    init() throws {
        path = NSTemporaryDirectory() + "ciso-archive-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Runs a shell script with this directory as working directory.
    @discardableResult
    func shell(_ script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-ec", script]
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ShellError(script: script) }
        return String(decoding: output, as: UTF8.self)
    }

    struct ShellError: Error { var script: String }
}
