internal import Core
internal import Foundation
internal import System
internal import YAML

/// The environment and the contents of `ciso.yaml`.
struct Configuration: Sendable {
    let environment: ProcessEnvironment
    let entries: [String: FlatMapping.Entry]

    /// The environment of this process and the `ciso.yaml` of the current directory, if it exists.
    ///
    /// - Throws: `Failure` with all errors in the file.
    static func current() throws -> Configuration {
        let environment = ProcessEnvironment(ProcessInfo.processInfo.environment)
        let file = "ciso.yaml"
        guard FileManager.default.fileExists(atPath: file) else {
            return Configuration(environment: environment, entries: [:])
        }
        return Configuration(
            environment: environment,
            entries: try FlatMapping(path: file, keys: Settings.keys, or: { CommandOptions.allNames }).entries)
    }
}
