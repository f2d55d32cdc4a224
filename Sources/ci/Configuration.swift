internal import Core
internal import Foundation

/// What the environment and `ciso.yaml` say.
struct Configuration: Sendable {
    /// A value in `ciso.yaml`, and where it stands.
    struct Entry: Sendable {
        let text: String
        let location: SourceLocation
    }

    let environment: [String: String]
    let entries: [String: Entry]

    init(environment: [String: String], entries: [String: Entry] = [:]) {
        self.environment = environment
        self.entries = entries
    }

    /// The environment of this process and the file in the current directory.
    static func current() throws -> Configuration {
        Configuration(environment: ProcessInfo.processInfo.environment)
    }
}
