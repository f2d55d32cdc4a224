import Foundation
import PluginMessages
import TestSupport

/// The capabilities of the machine that runs the tests.
enum Machine {
    static let isRoot = geteuid() == 0
    static let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"

    /// `VERSION_ID` of a Debian; nil on other systems.
    static let debianVersion: String? = {
        let lines = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8))?.split(separator: "\n") ?? []
        guard lines.contains("ID=debian") else { return nil }
        return lines.first { $0.hasPrefix("VERSION_ID=") }?.dropFirst(11).trimmingCharacters(in: ["\""])
    }()

    /// Runs a program with only the given environment and joined outputs.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Program.Ending {
        let environment = ["PATH": path, "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        return try Program(arguments, environment: environment, isJoined: true).run()
    }
}
