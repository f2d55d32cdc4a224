internal import Synchronization

/// The environment variables that affect git's configuration. The program that reads the environment sets them by
/// `adopt`; until then they are empty.
public struct GitEnvironment: Sendable {
    private static let adopted = Mutex(GitEnvironment([:]))

    static var current: GitEnvironment { adopted.withLock { $0 } }

    private let variables: [String: String]

    /// - Parameter variables: the environment variables of the process.
    public init(_ variables: [String: String]) {
        self.variables = variables.filter { $0.key.hasPrefix("GIT_CONFIG") || $0.key == "SUDO_UID" || $0.key == "HOME" }
    }

    /// Makes this the environment with which repositories are opened.
    public func adopt() { Self.adopted.withLock { $0 = self } }

    /// The user who invoked sudo.
    var callingUser: UInt32? { variables["SUDO_UID"].flatMap { UInt32($0) } }

    var home: String? { variables["HOME"] }

    /// The paths of the system's and the user's configuration files, given the defaults.
    func files(_ standard: (system: String?, user: [String])) -> [String] {
        var files: [String] = []
        if !["1", "true", "yes", "on"].contains(variables["GIT_CONFIG_NOSYSTEM"] ?? "") {
            files += (variables["GIT_CONFIG_SYSTEM"] ?? standard.system).map { [$0] } ?? []
        }
        return files + (variables["GIT_CONFIG_GLOBAL"].map { [$0] } ?? standard.user)
    }

    /// The values of `safe.directory`: those from files, then those from the variables `GIT_CONFIG_KEY_n`.
    func safeDirectories(configured: [String]) -> [String] {
        let count = min(variables["GIT_CONFIG_COUNT"].flatMap { Int($0) } ?? 0, 1_000)
        return configured
            + (0..<max(0, count)).compactMap { index in
                variables["GIT_CONFIG_KEY_\(index)"]?.lowercased() == "safe.directory"
                    ? variables["GIT_CONFIG_VALUE_\(index)"] ?? "" : nil
            }
    }
}
