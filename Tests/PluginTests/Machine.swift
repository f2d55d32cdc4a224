import Foundation
import PluginMessages

/// What the machine that runs the tests can do.
enum Machine {
    static let isRoot = geteuid() == 0
    static let wantsAll = ProcessInfo.processInfo.environment["CISO_TEST_FULL"] == "1"
    static let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"

    /// Whether all of these programs are on the path.
    static func has(_ programs: String...) -> Bool {
        programs.allSatisfy { program in
            path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }
    }

    /// `VERSION_ID` of a Debian; nil on other systems.
    static let debianVersion: String? = {
        let lines = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8))?.split(separator: "\n") ?? []
        guard lines.contains("ID=debian") else { return nil }
        return lines.first { $0.hasPrefix("VERSION_ID=") }?.dropFirst(11).trimmingCharacters(in: ["\""])
    }()

    /// How a program ended and what it printed, both outputs together.
    struct Ending {
        var status: Int32
        var output: String
    }

    /// Runs a program with nothing but the given environment.
    static func run(_ arguments: [String], environment: [String: String] = [:], input: String = "") throws -> Ending {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ["PATH": path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        let pipe = Pipe()
        let stdin = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = stdin
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Ending(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }
}

/// A directory that goes with the value that holds it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/ciso-plugin-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
