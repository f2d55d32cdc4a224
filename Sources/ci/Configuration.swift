internal import Core
internal import Foundation
internal import Matrix

/// What the environment and `ciso.yaml` say.
struct Configuration: Sendable {
    let environment: [String: String]
    let entries: [String: FlatMapping.Entry]

    /// The environment of this process and the `ciso.yaml` of the current directory, if there is one.
    ///
    /// - Throws: `Failure` with everything that is wrong in the file.
    static func current() throws -> Configuration {
        let environment = ProcessInfo.processInfo.environment
        let file = "ciso.yaml"
        guard FileManager.default.fileExists(atPath: file) else {
            return Configuration(environment: environment, entries: [:])
        }
        return Configuration(
            environment: environment, entries: try FlatMapping(path: file, keys: Settings.keys).entries)
    }
}

extension Configuration {
    /// Where things lie that can be made or fetched again: `CISO_CACHE`, else `ciso` in the user's cache folder.
    var cacheFolder: String {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        return value("CISO_CACHE")
            ?? (value("XDG_CACHE_HOME") ?? "\(value("HOME") ?? "/var/tmp")/.cache") + "/ciso"
    }
}
